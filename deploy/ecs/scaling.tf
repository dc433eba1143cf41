resource "aws_appautoscaling_target" "worker" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${element(split("/", local.cluster_arn), 1)}/${aws_ecs_service.worker.name}"
  min_capacity       = var.worker_count_min
  max_capacity       = var.worker_count_max
}

resource "aws_appautoscaling_policy" "worker_cpu" {
  name               = "${var.name}-worker-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.worker_cpu_target_percent
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# The lag says what CPU cannot: that work waits although workers are idle, for slots or for AWS. It only adds workers; CPU
# takes them away.
resource "aws_appautoscaling_policy" "worker_due_lag" {
  count = var.due_lag_metric == null ? 0 : 1

  name               = "${var.name}-worker-due-lag"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 120

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 2
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "worker_due_lag" {
  count = var.due_lag_metric == null ? 0 : 1

  alarm_name          = "${var.name}-due-lag"
  alarm_description   = "Due work waits for workers."
  namespace           = var.due_lag_metric.namespace
  metric_name         = var.due_lag_metric.name
  dimensions          = var.due_lag_metric.dimensions
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  threshold           = var.due_lag_metric.threshold_seconds
  comparison_operator = "GreaterThanThreshold"
  # Without a scheduler there is no figure, and more workers would not help.
  treat_missing_data = "missing"
  alarm_actions      = [aws_appautoscaling_policy.worker_due_lag[0].arn]
  tags               = local.tags
}
