resource "aws_security_group" "scheduler" {
  name        = "${var.name}-scheduler"
  description = "Schedulers of Muster"
  vpc_id      = var.vpc_id
  tags        = local.tags
}

resource "aws_security_group" "worker" {
  name        = "${var.name}-worker"
  description = "Workers of Muster"
  vpc_id      = var.vpc_id
  tags        = local.tags
}

locals {
  # What tasks may reach. A task's own interface also fetches its image and secrets, and writes its log: 443.
  # Redis may be anywhere when it is not made here; its own security group says who comes in.
  egress = {
    scheduler-https = { group = aws_security_group.scheduler.id, port = 443 }
    scheduler-redis = { group = aws_security_group.scheduler.id, port = local.redis_port }
    worker-https    = { group = aws_security_group.worker.id, port = 443 }
    worker-redis    = { group = aws_security_group.worker.id, port = local.redis_port }
    worker-teleport = { group = aws_security_group.worker.id, port = var.teleport_port }
  }
  # rediss://HOST:6379, and lists of hosts: the last port named.
  redis_port = var.redis_url == null ? 6379 : tonumber(try(regex(":(\\d+)(?:/[^:]*)?$", var.redis_url)[0], "6379"))
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  # Two rules of the same port would be refused as one.
  for_each = { for name, rule in local.egress : name => rule if name != "worker-teleport" || rule.port != 443 }

  security_group_id = each.value.group
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  count = var.metrics_security_group_id == null ? 0 : 1

  security_group_id            = aws_security_group.worker.id
  description                  = "Prometheus"
  referenced_security_group_id = var.metrics_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = module.worker.port
  to_port                      = module.worker.port
  tags                         = local.tags
}
