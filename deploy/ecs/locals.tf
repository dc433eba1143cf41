data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  tags       = merge({ Application = var.name }, var.tags)
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id

  redis_url       = var.redis_url != null ? var.redis_url : "rediss://${one(aws_elasticache_replication_group.redis[*].primary_endpoint_address)}:6379"
  cluster_arn     = var.cluster_arn != null ? var.cluster_arn : one(aws_ecs_cluster.muster[*].arn)
  worker_role_arn = var.worker_role_arn != null ? var.worker_role_arn : one(aws_iam_role.worker[*].arn)

  # Each service may fetch its own files and no others.
  files = {
    scheduler = merge(var.files, var.scheduler_files)
    worker    = merge(var.files, var.worker_files)
  }
}
