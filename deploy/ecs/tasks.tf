resource "aws_cloudwatch_log_group" "muster" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

module "scheduler" {
  source = "./containers"

  service              = "scheduler"
  image                = coalesce(var.scheduler_image, var.image)
  files                = local.files.scheduler
  redis_url            = local.redis_url
  region               = var.region
  listens_to_network   = var.console != null
  stop_timeout_seconds = var.stop_timeout_seconds
  log_level            = var.log_level
  log_group            = aws_cloudwatch_log_group.muster.name
}

module "worker" {
  source = "./containers"

  service              = "worker"
  image                = coalesce(var.worker_image, var.image)
  tbot_image           = var.tbot_image
  files                = local.files.worker
  redis_url            = local.redis_url
  region               = var.region
  listens_to_network   = var.metrics_security_group_id != null
  stop_timeout_seconds = var.stop_timeout_seconds
  log_level            = var.log_level
  log_group            = aws_cloudwatch_log_group.muster.name
}

# No task role: a scheduler holds no credentials of AWS, and cannot fetch any.
resource "aws_ecs_task_definition" "scheduler" {
  family                   = "${var.name}-scheduler"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.scheduler_cpu
  memory                   = var.scheduler_memory
  execution_role_arn       = aws_iam_role.execution["scheduler"].arn
  container_definitions    = jsonencode(module.scheduler.definitions)
  tags                     = local.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  dynamic "volume" {
    for_each = toset(module.scheduler.volumes)
    content {
      name = volume.value
    }
  }
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${var.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.worker_cpu
  memory                   = var.worker_memory
  execution_role_arn       = aws_iam_role.execution["worker"].arn
  task_role_arn            = local.worker_role_arn
  container_definitions    = jsonencode(module.worker.definitions)
  tags                     = local.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  dynamic "volume" {
    for_each = toset(module.worker.volumes)
    content {
      name = volume.value
    }
  }

  lifecycle {
    precondition {
      condition     = var.tbot_image == null || contains(keys(local.files.worker), "tbot.yaml")
      error_message = "tbot_image needs tbot.yaml in worker_files."
    }
  }
}
