import { JobError } from '../runtime/errors.ts';
import type { InstallSettings } from '../scan/matcher.ts';
import {
  isDocumentName,
  isHostPort,
  isHyphenated,
  isJoinToken,
  isNoProxyList,
  isProxyUrl,
  isScriptName,
  isSha256,
} from './alphabets.ts';
import { documentEnvironment, installScript } from './install-script.ts';

/** The document that every account has; for it, Muster writes the command itself. */
export const RUN_SHELL_SCRIPT = 'AWS-RunShellScript';

/** An SSM document and its parameters, each a list as SSM wants them. */
export interface RenderedInstall {
  readonly documentName: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
}

/**
 * What is sent to hosts. `AWS-RunShellScript` gets the rendered command and its time limit; a custom document gets
 * Teleport's parameters (`token`, `scriptName`, and `env` only when something is to be set) and brings its own limit.
 *
 * Throws `config.unsafe` when a value lies outside its alphabet: the configuration refuses those, so it is the last line.
 */
export function renderInstall(
  settings: InstallSettings,
  timings: { readonly executionTimeoutSeconds: number },
): RenderedInstall {
  refuseUnsafe(settings);
  if (settings.documentName === RUN_SHELL_SCRIPT) {
    return {
      documentName: RUN_SHELL_SCRIPT,
      parameters: {
        commands: installScript(settings),
        executionTimeout: [String(timings.executionTimeoutSeconds)],
      },
    };
  }
  const env = documentEnvironment(settings);
  return {
    documentName: settings.documentName,
    parameters: {
      token: [settings.joinToken],
      scriptName: [settings.scriptName],
      ...(env === null ? {} : { env: [env] }),
    },
  };
}

function refuseUnsafe(settings: InstallSettings): void {
  const checks: readonly (readonly [string, string | null, (text: string) => boolean])[] = [
    ['documentName', settings.documentName, isDocumentName],
    ['joinToken', settings.joinToken, isJoinToken],
    ['scriptName', settings.scriptName, isScriptName],
    ['scriptSha256', settings.scriptSha256, isSha256],
    ['publicProxyAddr', settings.publicProxyAddr, isHostPort],
    ['suffix', settings.suffix, isHyphenated],
    ['updateGroup', settings.updateGroup, isHyphenated],
    ['httpProxy', settings.httpProxy, isProxyUrl],
    ['httpsProxy', settings.httpsProxy, isProxyUrl],
    ['noProxy', settings.noProxy, isNoProxyList],
  ];
  for (const [name, value, isSafe] of checks) {
    if (value === null || isSafe(value)) continue;
    // The value itself stays out: a proxy's URL may hold a password.
    throw new JobError('config.unsafe', `${name} holds characters that may not reach a host`, {
      retry: 'never',
      details: { setting: name },
    });
  }
}
