resource "aws_ecs_cluster" "muster" {
  count = var.cluster_arn == null ? 1 : 0

  name = var.name
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_service" "scheduler" {
  name                               = "${var.name}-scheduler"
  cluster                            = local.cluster_arn
  task_definition                    = aws_ecs_task_definition.scheduler.arn
  desired_count                      = var.scheduler_count
  launch_type                        = "FARGATE"
  propagate_tags                     = "SERVICE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  tags                               = local.tags

  # A release that does not become ready is taken back by itself. Releases meet: the old tasks work on meanwhile.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.scheduler.id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.console
    content {
      target_group_arn = load_balancer.value.arn
      container_name   = "scheduler"
      container_port   = module.scheduler.port
    }
  }

  depends_on = [aws_lb_listener.console]
}

resource "aws_ecs_service" "worker" {
  name                               = "${var.name}-worker"
  cluster                            = local.cluster_arn
  task_definition                    = aws_ecs_task_definition.worker.arn
  desired_count                      = var.worker_count_min
  launch_type                        = "FARGATE"
  propagate_tags                     = "SERVICE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  tags                               = local.tags

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.worker.id]
    assign_public_ip = false
  }

  lifecycle {
    # Autoscaling's.
    ignore_changes = [desired_count]
  }
}
