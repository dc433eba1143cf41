# What a task runs, as text alone: no provider, no resource. Tests evaluate it without AWS, and start the product by it.

variable "service" {
  type        = string
  description = "scheduler or worker."

  validation {
    condition     = contains(["scheduler", "worker"], var.service)
    error_message = "scheduler or worker."
  }
}

variable "image" {
  type        = string
  description = "Image of Muster."
}

variable "tbot_image" {
  type        = string
  default     = null
  description = "Image of tbot; null for none. Workers only."
}

variable "files" {
  type        = map(string)
  description = "Name below /etc/muster => ARN of its secret or parameter."
}

variable "redis_url" {
  type        = string
  description = "Without a password."
}

variable "region" {
  type        = string
  description = "For workers."
}

variable "listens_to_network" {
  type        = bool
  description = "Whether others than the task itself may reach the port: 8080 of a scheduler, 9090 of a worker."
}

variable "stop_timeout_seconds" {
  type        = number
  description = "Between SIGTERM and SIGKILL."
}

variable "log_level" {
  type        = string
  description = "LOG_LEVEL."
}

variable "log_group" {
  type        = string
  description = "Name of the log group."
}
