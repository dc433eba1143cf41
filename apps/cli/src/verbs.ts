import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';

/** Verbs whose commands are made together. */
interface VerbGroup {
  /** By verb what it does, as the command says of itself: help lists it without loading the command. */
  readonly verbs: Readonly<Record<string, string>>;
  readonly load: () => Promise<(program: Command, context: CommandContext) => void>;
}

/** Every verb, in the order of the help. */
export const VERB_GROUPS: readonly VerbGroup[] = [
  {
    verbs: {
      scheduler: 'decide what should run, and show it; holds no AWS credentials',
      worker: 'talk to AWS and Teleport',
    },
    load: async () => (await import('./commands/processes.ts')).addProcessCommands,
  },
  {
    verbs: {
      run: 'scheduler and worker in one process',
    },
    load: async () => (await import('./commands/run.ts')).addRunCommand,
  },
  {
    verbs: {
      plan: 'full dry run: what would be installed, what is skipped and why',
    },
    load: async () => (await import('./commands/plan.ts')).addPlanCommand,
  },
  {
    verbs: {
      doctor: 'preflight: configuration, Redis, credentials, every account’s role, SSM, Teleport',
    },
    load: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  },
  {
    verbs: {
      sweep: 'scan now',
    },
    load: async () => (await import('./commands/sweep.ts')).addSweepCommand,
  },
  {
    verbs: {
      status: 'where the organization stands',
    },
    load: async () => (await import('./commands/status.ts')).addStatusCommands,
  },
  {
    verbs: {
      waves: 'where each wave stands, and what it waits for',
    },
    load: async () => (await import('./commands/lists.ts')).addWavesCommand,
  },
  {
    verbs: {
      accounts: 'accounts, how they were last read, and what became of their hosts',
      instances: 'list instances and where they stand',
    },
    load: async () => (await import('./commands/lists.ts')).addInventoryCommands,
  },
  {
    verbs: {
      coverage: 'targets that were not read completely, and why; json and csv: all',
      findings: 'what should be done, and who must act',
    },
    load: async () => (await import('./commands/lists.ts')).addAttentionCommands,
  },
  {
    verbs: {
      explain: 'why an instance is, or is not, enrolled',
    },
    load: async () => (await import('./commands/explain.ts')).addExplainCommand,
  },
  {
    verbs: {
      events: 'what changed: state and cause of instances, as JSON lines',
    },
    load: async () => (await import('./commands/events.ts')).addEventsCommand,
  },
  {
    verbs: {
      pause: 'stop sending: no send starts after this',
      resume: 'send again; --all also ends the hold of a first run',
    },
    load: async () => (await import('./commands/act.ts')).addPauseCommands,
  },
  {
    verbs: {
      retry: 'try failed and ineligible instances again now',
      cancel: 'ask SSM to cancel live commands',
    },
    load: async () => (await import('./commands/act.ts')).addRetryCommands,
  },
  {
    verbs: {
      approve: 'let a wave, a change or a clean-up begin; without a subject: list what waits for an approval',
    },
    load: async () => (await import('./commands/approve.ts')).addApproveCommand,
  },
  {
    verbs: {
      audit: 'who did what, from where, over how many hosts: the newest first',
    },
    load: async () => (await import('./commands/audit.ts')).addAuditCommand,
  },
  {
    verbs: {
      notify: 'channels that are told of findings',
    },
    load: async () => (await import('./commands/notify.ts')).addNotifyCommand,
  },
  {
    verbs: {
      config: 'the configuration',
    },
    load: async () => (await import('./commands/config.ts')).addConfigCommand,
  },
  {
    verbs: {
      init: 'write tokens, IAM roles, templates, configuration and services for an organization',
    },
    load: async () => (await import('./commands/init.ts')).addInitCommand,
  },
  {
    verbs: {
      version: 'release, commit and schema: of this command, and of every process that runs',
    },
    load: async () => (await import('./commands/version.ts')).addVersionCommand,
  },
  {
    verbs: {
      user: 'users of the console, in muster.console.users_file',
    },
    load: async () => (await import('./commands/user.ts')).addUserCommand,
  },
  {
    verbs: {
      'api-token': 'tokens by which programs ask the API',
    },
    load: async () => (await import('./commands/api-token.ts')).addApiTokenCommand,
  },
  {
    verbs: {
      console: 'the page in the browser',
    },
    load: async () => (await import('./commands/console.ts')).addConsoleCommand,
  },
  {
    verbs: {
      completion: 'print a script that completes muster in a shell',
    },
    load: async () => (await import('./commands/completion.ts')).addCompletionCommand,
  },
  {
    verbs: {
      mcp: 'answer an assistant (Model Context Protocol on standard input and output); reads only',
    },
    load: async () => (await import('./commands/mcp.ts')).addMcpCommand,
  },
  {
    verbs: {
      token: 'the join token, listing every account that is covered now (for tctl create -f)',
    },
    load: async () => (await import('./commands/token.ts')).addTokenCommand,
  },
];
