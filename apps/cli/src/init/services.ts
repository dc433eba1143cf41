import type { InitSettings } from './settings.ts';

/**
 * systemd units for a checkout in /opt/muster whose packages are installed. The Node of the checkout is started, and not
 * `./muster`: that may install packages, and nothing is writable here.
 */
const PROGRAM = '/opt/muster/node_modules/.bin/node /opt/muster/apps/cli/bin/muster.js';

/** Everything that is not needed is taken away. V8 compiles at run time, so memory stays executable. */
const HARDENING = `# What the process may do: talk to the network, and read.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
LockPersonality=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
`;

/** A Redis without a password is open to every program on the machine. */
const REDIS_PASSWORD = `# The password of Redis; not read where REDIS_URL, in the file below, has one of its own.
Environment=REDIS_PASSWORD_FILE=/etc/muster/redis-password
`;

const RESTART = `# Longer than muster.worker.shutdown: what was begun is finished or handed back.
TimeoutStopSec=40
Restart=always
RestartSec=5
# Faults of the command line and of the configuration do not go away by themselves.
RestartPreventExitStatus=64 78
`;

/** Where the SDK of AWS and its tools look for credentials. */
const CREDENTIAL_VARIABLES =
  'AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';

/** The processes bound their heaps themselves; this is for what lies outside of them, and for tctl. */
function memoryLimit(bytes: string): string {
  return `# Above what a process needs: one that leaks is started again, and the host goes on. When tctl alone is ended, Muster goes on.
MemoryMax=${bytes}
OOMPolicy=continue
TasksMax=256
`;
}

/**
 * Decides what is due and serves the console. It holds no AWS credentials and cannot come by any: instance metadata is out of its
 * reach, the variables of credentials are taken away, and as a user of its own it reads neither the memory nor the identity of a worker.
 */
export function schedulerUnit(): string {
  return `[Unit]
Description=Muster scheduler
Documentation=file:///opt/muster/docs/runbook.md
Wants=network-online.target
After=network-online.target redis-server.service redis.service valkey.service

[Service]
User=muster-scheduler
Group=muster
Environment=MUSTER_CONFIG=/etc/muster/muster.yaml
${REDIS_PASSWORD}EnvironmentFile=-/etc/muster/environment
ExecStart=${PROGRAM} scheduler
${RESTART}
${memoryLimit('2G')}
# /var/log/muster, for muster.audit.file.
LogsDirectory=muster
LogsDirectoryMode=0750

${HARDENING}# A scheduler holds no AWS credentials, and cannot fetch any: not from the environment, and not from the instance's metadata.
UnsetEnvironment=${CREDENTIAL_VARIABLES}
IPAddressDeny=169.254.169.254 fd00:ec2::254

[Install]
WantedBy=multi-user.target
`;
}

/** One worker per instance of the unit, `muster-worker@1` to `muster-worker@9`: the number is the last digit of its port. */
export function workerUnit(settings: InitSettings): string {
  return `[Unit]
Description=Muster worker %i (1 to 9)
Documentation=file:///opt/muster/docs/runbook.md
Wants=network-online.target
After=network-online.target redis-server.service redis.service valkey.service tbot.service

[Service]
User=muster
Group=muster
Environment=MUSTER_CONFIG=/etc/muster/muster.yaml
${REDIS_PASSWORD}Environment=MUSTER_WORKER_LISTEN=127.0.0.1:909%i
Environment=AWS_REGION=${settings.homeRegion}
EnvironmentFile=-/etc/muster/environment
# For workers alone: a key of AWS where the host has no instance profile. systemd reads it; let root alone own it (0600).
EnvironmentFile=-/etc/muster/worker.environment
ExecStart=${PROGRAM} worker
${RESTART}
${memoryLimit('1G')}
${HARDENING}
[Install]
WantedBy=multi-user.target
`;
}

/** `.env` beside docker-compose.yml. The instance profile gives the credentials: there is no key to write down. */
export function composeEnvironment(settings: InitSettings): string {
  return `# Beside docker-compose.yml, as .env. Credentials come from the instance profile; to use a key instead, set
# AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of "docker compose", not in a file.
AWS_REGION=${settings.homeRegion}
LOG_LEVEL=info
`;
}
