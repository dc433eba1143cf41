output "cluster_arn" {
  description = "Cluster of both services."
  value       = local.cluster_arn
}

output "worker_role_arn" {
  description = "The discovery role: workers' task role."
  value       = local.worker_role_arn
}

output "scheduler_security_group_id" {
  description = "For rules of your own: mail of notifications, a Redis that there is."
  value       = aws_security_group.scheduler.id
}

output "worker_security_group_id" {
  description = "The same of workers."
  value       = aws_security_group.worker.id
}

output "redis_url" {
  description = "Where Redis is, without its password."
  value       = local.redis_url
}

output "console_dns_name" {
  description = "What the name of the console in public_url must point to; null without a load balancer."
  value       = one(aws_lb.console[*].dns_name)
}

output "scheduler_task_definition" {
  description = "For commands of an operator: aws ecs run-task with this task definition and a command of muster."
  value       = aws_ecs_task_definition.scheduler.family
}
