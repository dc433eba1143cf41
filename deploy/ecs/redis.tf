# Redis of its own: two nodes in two zones, TLS, a password, and a failover by itself. ElastiCache keeps no append-only file; what a
# failover loses is found again from AWS before the next send (docs/sending-once.md).

resource "aws_elasticache_subnet_group" "redis" {
  count = var.redis_url == null ? 1 : 0

  name       = var.name
  subnet_ids = var.subnet_ids
  tags       = local.tags
}

resource "aws_elasticache_parameter_group" "redis" {
  count = var.redis_url == null ? 1 : 0

  name   = var.name
  family = "valkey8"
  tags   = local.tags

  # Jobs and records are no cache. Muster refuses any other policy.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_security_group" "redis" {
  count = var.redis_url == null ? 1 : 0

  name        = "${var.name}-redis"
  description = "Redis of Muster"
  vpc_id      = var.vpc_id
  tags        = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "redis" {
  for_each = var.redis_url == null ? { scheduler = aws_security_group.scheduler.id, worker = aws_security_group.worker.id } : {}

  security_group_id            = aws_security_group.redis[0].id
  description                  = each.key
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
  tags                         = local.tags
}

# Read while Terraform runs, and kept in no state and no plan.
ephemeral "aws_secretsmanager_secret_version" "redis_password" {
  count = var.redis_url == null ? 1 : 0

  secret_id = var.files["redis-password"]
}

resource "aws_elasticache_replication_group" "redis" {
  count = var.redis_url == null ? 1 : 0

  replication_group_id       = var.name
  description                = "Ledger and queues of Muster"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.redis_node_type
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  parameter_group_name       = aws_elasticache_parameter_group.redis[0].name
  subnet_group_name          = aws_elasticache_subnet_group.redis[0].name
  security_group_ids         = [aws_security_group.redis[0].id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auth_token_wo              = ephemeral.aws_secretsmanager_secret_version.redis_password[0].secret_string
  auth_token_wo_version      = var.redis_password_version
  auth_token_update_strategy = var.redis_password_strategy
  snapshot_retention_limit   = 7
  auto_minor_version_upgrade = true
  apply_immediately          = true
  tags                       = local.tags
}
