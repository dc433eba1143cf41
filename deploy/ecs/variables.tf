variable "name" {
  type        = string
  default     = "muster"
  description = "First part of the name of everything that is made."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.name))
    error_message = "Up to 20 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "image" {
  type        = string
  description = "Image of Muster in ECR, by digest, with tctl of the cluster's version unless muster.inventory.source is none."
}

variable "worker_image" {
  type        = string
  default     = null
  description = "Image of the workers while a release goes in, workers first. Default: image."
}

variable "scheduler_image" {
  type        = string
  default     = null
  description = "Image of the schedulers while a release is taken back, schedulers first. Default: image."
}

variable "cpu_architecture" {
  type        = string
  default     = "X86_64"
  description = "What the image was built for: X86_64 or ARM64."
}

variable "region" {
  type        = string
  description = "Where the tasks run. Workers also sign by it what has no region of its own."
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the tasks, of Redis and of the console's load balancer."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets, at least two, with a way to AWS's endpoints and to the Teleport proxy (NAT gateway)."
}

variable "cluster_arn" {
  type        = string
  default     = null
  description = "An ECS cluster that there is. Default: one is made."
}

variable "files" {
  type        = map(string)
  description = "Files below /etc/muster of every task: name => ARN of the secret (Secrets Manager) or parameter (SSM) that holds its text. muster.yaml is required; marker.key and redis-password are what Muster looks for."

  validation {
    condition     = contains(keys(var.files), "muster.yaml")
    error_message = "muster.yaml is missing."
  }

  validation {
    condition     = var.redis_url != null || can(regex(":secretsmanager:[^:]*:\\d+:secret:[^:]+$", var.files["redis-password"]))
    error_message = "The Redis that is made needs redis-password, the whole of a secret in Secrets Manager."
  }

  validation {
    condition     = alltrue([for name in concat(keys(var.files), keys(var.scheduler_files), keys(var.worker_files)) : can(regex("^[a-z0-9][a-z0-9.-]{0,62}$", name))])
    error_message = "A file's name has lower-case letters, digits, points and hyphens."
  }
}

variable "scheduler_files" {
  type        = map(string)
  default     = {}
  description = "The same, for schedulers alone: what muster.console names, such as the client secret of OpenID Connect."
}

variable "worker_files" {
  type        = map(string)
  default     = {}
  description = "The same, for workers alone. tbot.yaml is required with tbot_image."
}

variable "kms_key_arns" {
  type        = list(string)
  default     = []
  description = "Customer managed keys that the secrets are encrypted with."
}

variable "image_repository_arns" {
  type        = list(string)
  default     = ["*"]
  description = "ECR repositories that images may be fetched from."
}

variable "tbot_image" {
  type        = string
  default     = null
  description = "Image of tbot, of the cluster's version. It keeps the identity for tctl in /opt/machine-id. Default: none, for muster.inventory.source: none."
}

variable "worker_role_arn" {
  type        = string
  default     = null
  description = "A discovery role that there is; it must trust ecs-tasks.amazonaws.com. Default: one is made, by worker_role_name and worker_policy."
}

variable "worker_role_name" {
  type        = string
  default     = "muster-discovery"
  description = "Name of the role that is made. The member roles of muster init trust it by this name."
}

variable "worker_policy" {
  type        = string
  default     = null
  description = "The policy of the role that is made: iam/discovery-policy.json of muster init."

  validation {
    condition     = (var.worker_role_arn == null) != (var.worker_policy == null)
    error_message = "Give either worker_role_arn or worker_policy."
  }
}

variable "redis_url" {
  type        = string
  default     = null
  description = "Redis that there is: rediss://HOST:6379, without a password (files: redis-password). Default: an ElastiCache replication group is made."
}

variable "redis_password_version" {
  type        = number
  default     = 1
  description = "Raise it after the secret redis-password has changed: the Redis that is made takes the new password."
}

variable "redis_password_strategy" {
  type        = string
  default     = "ROTATE"
  description = "What a raised redis_password_version does: ROTATE lets the old password in as well, SET ends it."

  validation {
    condition     = contains(["ROTATE", "SET"], var.redis_password_strategy)
    error_message = "ROTATE or SET."
  }
}

variable "redis_node_type" {
  type        = string
  default     = "cache.t4g.medium"
  description = "Size of each of its two nodes. A million instances need 1.1 GB, and as much again while a snapshot is written (docs/redis.md)."
}

variable "scheduler_count" {
  type        = number
  default     = 2
  description = "Schedulers. Two keep the console and the tick alive when one is lost."
}

variable "scheduler_cpu" {
  type        = number
  default     = 512
  description = "CPU units of a scheduler's task; 1024 are one core."
}

variable "scheduler_memory" {
  type        = number
  default     = 1024
  description = "Memory of a scheduler's task in MiB."
}

variable "worker_count_min" {
  type        = number
  default     = 2
  description = "The fewest workers."
}

variable "worker_count_max" {
  type        = number
  default     = 10
  description = "The most workers."
}

variable "worker_cpu" {
  type        = number
  default     = 512
  description = "CPU units of a worker's task. A worker uses one core (1024) at most."
}

variable "worker_memory" {
  type        = number
  default     = 2048
  description = "Memory of a worker's task in MiB, tctl's and tbot's included."
}

variable "worker_cpu_target_percent" {
  type        = number
  default     = 60
  description = "Workers are added above this share of their CPU, and taken away below it."
}

variable "due_lag_metric" {
  type = object({
    namespace         = string
    name              = string
    dimensions        = map(string)
    threshold_seconds = number
  })
  default     = null
  description = "muster_due_lag_seconds as a metric of CloudWatch, where a collector publishes it (docs/deploy/ecs.md): workers are added while it is above the threshold."
}

variable "stop_timeout_seconds" {
  type        = number
  default     = 40
  description = "How long a task may take to stop. More than muster.worker.shutdown; Fargate's limit is 120."

  validation {
    condition     = var.stop_timeout_seconds >= 2 && var.stop_timeout_seconds <= 120
    error_message = "From 2 to 120."
  }
}

variable "teleport_port" {
  type        = number
  default     = 443
  description = "Port of the Teleport proxy."
}

variable "console" {
  type = object({
    certificate_arn = string
    subnet_ids      = list(string)
    allowed_cidrs   = list(string)
  })
  default     = null
  description = "An internal load balancer with HTTPS in front of the console. muster.yaml must then let users sign in (oidc or users_file), and name public_url and the subnets as proxies. Default: the console listens inside the task alone."
}

variable "metrics_security_group_id" {
  type        = string
  default     = null
  description = "Security group of a Prometheus that may read workers' metrics on port 9090. Default: they listen inside the task alone."
}

variable "log_level" {
  type        = string
  default     = "info"
  description = "LOG_LEVEL of every process."
}

variable "log_retention_days" {
  type        = number
  default     = 90
  description = "How long CloudWatch keeps the logs, the audit's lines among them."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of everything that is made."
}
