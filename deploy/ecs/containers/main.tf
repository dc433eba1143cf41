locals {
  port   = var.service == "scheduler" ? 8080 : 9090
  listen = "${var.listens_to_network ? "0.0.0.0" : "127.0.0.1"}:${local.port}"

  names     = sort(keys(var.files))
  variables = { for index, name in local.names : name => "FILE_${index}" }

  environment = merge(
    {
      MUSTER_CONFIG = "/etc/muster/muster.yaml"
      REDIS_URL     = var.redis_url
      LOG_LEVEL     = var.log_level
    },
    contains(local.names, "redis-password") ? { REDIS_PASSWORD_FILE = "/etc/muster/redis-password" } : {},
    # The scheduler is told nothing of AWS: it holds no credentials and loads no SDK.
    var.service == "scheduler" ? { MUSTER_CONSOLE_LISTEN = local.listen } : {
      MUSTER_WORKER_LISTEN                               = local.listen
      AWS_REGION                                         = var.region
    },
  )

  log_configuration = {
    logDriver = "awslogs"
    options = {
      "awslogs-group"         = var.log_group
      "awslogs-region"        = var.region
      "awslogs-stream-prefix" = var.service
    }
  }

  no_capabilities = {
    initProcessEnabled = true
    capabilities       = { drop = ["ALL"] }
  }

  # Fargate hands secrets out as environment variables only. This container writes them into a volume of the task and
  # ends, so the processes that talk to the network have files, as on every other platform, and no secret in their environment.
  # It owns the volumes, and is given no capability to change owners with: the files are readable within the task.
  files = {
    name       = "files"
    image      = var.image
    essential  = false
    user       = "0"
    entryPoint = ["sh", "-euc"]
    command = [join("\n", concat(
      ["umask 0222"],
      [for name in local.names : "printf '%s\\n' \"$${${local.variables[name]}}\" > '/etc/muster/${name}'"],
      ["chmod 1777 /tmp /opt/machine-id"],
    ))]
    secrets                = [for name in local.names : { name = local.variables[name], valueFrom = var.files[name] }]
    environment            = []
    readonlyRootFilesystem = true
    linuxParameters        = local.no_capabilities
    mountPoints = [
      { sourceVolume = "etc-muster", containerPath = "/etc/muster", readOnly = false },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
      { sourceVolume = "machine-id", containerPath = "/opt/machine-id", readOnly = false },
    ]
    logConfiguration = local.log_configuration
  }

  process = {
    name                   = var.service
    image                  = var.image
    essential              = true
    user                   = "1000"
    command                = [var.service]
    environment            = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    readonlyRootFilesystem = true
    linuxParameters        = local.no_capabilities
    stopTimeout            = var.stop_timeout_seconds
    portMappings           = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
    dependsOn = concat(
      [{ containerName = "files", condition = "SUCCESS" }],
      local.tbot == null ? [] : [{ containerName = "tbot", condition = "START" }],
    )
    mountPoints = [
      { sourceVolume = "etc-muster", containerPath = "/etc/muster", readOnly = true },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
      { sourceVolume = "machine-id", containerPath = "/opt/machine-id", readOnly = true },
    ]
    healthCheck = {
      command = [
        "CMD", "node", "-e",
        "fetch('http://127.0.0.1:${local.port}/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))",
      ]
      interval    = 10
      timeout     = 5
      retries     = 6
      startPeriod = 60
    }
    logConfiguration = local.log_configuration
  }

  # Keeps the identity of tctl fresh. It joins by the task's role, so no secret of Teleport is kept anywhere. A worker goes on
  # without it until its inventory is too old to send by.
  tbot = var.tbot_image == null || var.service == "scheduler" ? null : {
    name                   = "tbot"
    image                  = var.tbot_image
    essential              = false
    user                   = "1000"
    entryPoint             = ["tbot"]
    command                = ["start", "--config=/etc/muster/tbot.yaml"]
    environment            = [{ name = "AWS_REGION", value = var.region }]
    readonlyRootFilesystem = true
    linuxParameters        = local.no_capabilities
    restartPolicy          = { enabled = true, restartAttemptPeriod = 60 }
    dependsOn              = [{ containerName = "files", condition = "SUCCESS" }]
    mountPoints = [
      { sourceVolume = "etc-muster", containerPath = "/etc/muster", readOnly = true },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
      { sourceVolume = "machine-id", containerPath = "/opt/machine-id", readOnly = false },
    ]
    logConfiguration = local.log_configuration
  }
}

output "definitions" {
  description = "The container definitions of the task."
  value       = [for container in [local.files, local.process, local.tbot] : container if container != null]
}

output "port" {
  description = "Where the process listens."
  value       = local.port
}

output "volumes" {
  description = "Volumes of the task, empty when it starts."
  value       = ["etc-muster", "tmp", "machine-id"]
}
