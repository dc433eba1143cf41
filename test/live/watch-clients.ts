/** The wall of the live check: of every client of the SDK, only calls that look leave, and each is noted. */
import { READ_ONLY_APIS } from '@muster/aws-sim/conformance/read-only';
import type { SdkClients } from '@muster/aws-sim/testing/sdk-clients';

/** One call as it went over the wire. */
export interface SentCall {
  /** `ssm:ListCommands` */
  readonly api: string;
  readonly input: unknown;
  /** Of the answer, by lower-case name; empty where none came. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The parts of the SDK's middleware that are used here, the same for every client. */
type Handler = (args: { readonly input: unknown }) => Promise<{ readonly response?: unknown }>;
interface MiddlewareStack {
  add(
    middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
    options: { readonly step: string; readonly name: string; readonly priority: string },
  ): void;
}

const LOOKS = new Set<string>(READ_ONLY_APIS);

/**
 * Watches clients: a call that is not read-only throws before it is signed, and `onCall` is told of every one that was answered.
 *
 * @param roleArn the one role that may be assumed; null for none
 */
export function watchClients(
  clients: SdkClients,
  roleArn: string | null,
  onCall: (call: SentCall) => void,
): SdkClients {
  for (const [service, client] of Object.entries(clients) as [string, { middlewareStack: unknown }][]) {
    const stack = client.middlewareStack as MiddlewareStack;
    stack.add(
      (next, context) => (args) => {
        const api = `${service}:${(context.commandName ?? '').replace(/Command$/, '')}`;
        if (!LOOKS.has(api) && !isNamedRole(api, args.input, roleArn)) {
          throw new Error(`${api} is no read-only call, so this check never sends it`);
        }
        return next(args);
      },
      { step: 'initialize', name: 'read-only', priority: 'high' },
    );
    // Nearest to the wire: an answer that is an error is thrown further out.
    stack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const api = `${service}:${(context.commandName ?? '').replace(/Command$/, '')}`;
        onCall({ api, input: args.input, headers: headersOf(result.response) });
        return result;
      },
      { step: 'deserialize', name: 'note-call', priority: 'low' },
    );
  }
  return clients;
}

function isNamedRole(api: string, input: unknown, roleArn: string | null): boolean {
  return api === 'sts:AssumeRole' && roleArn !== null && (input as { RoleArn?: unknown }).RoleArn === roleArn;
}

function headersOf(response: unknown): Readonly<Record<string, string>> {
  return (response as { headers?: Record<string, string> } | undefined)?.headers ?? {};
}
