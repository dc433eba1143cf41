import { installScript } from '@muster/core/install/install-script';
import { stringify } from 'yaml';
import type { InitSettings } from './settings.ts';

/**
 * A value that is put into the script as it is: assignments of letters and the punctuation of URLs, or in single quotes.
 * The default of the guide's document is allowed as well.
 */
const ENVIRONMENT =
  "^(X=[$]X|[A-Z_]+=([A-Za-z0-9_.,:/@%+=-]*|'[^'`$\\\\]*')( [A-Z_]+=([A-Za-z0-9_.,:/@%+=-]*|'[^'`$\\\\]*'))*)$";

/** A command document: https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html */
export interface SsmDocument {
  readonly schemaVersion: '2.2';
  readonly description: string;
  readonly parameters: Readonly<Record<string, DocumentParameter>>;
  readonly mainSteps: readonly {
    readonly action: 'aws:runShellScript';
    readonly name: string;
    /** The time limit is in seconds. */
    readonly inputs: { readonly timeoutSeconds: string; readonly runCommand: readonly string[] };
  }[];
}

interface DocumentParameter {
  readonly type: 'String';
  readonly description: string;
  readonly default?: string;
  readonly allowedPattern: string;
}

/**
 * The custom document of the guide: its three parameters, and so its contract with Muster and with Teleport alike. What
 * is done differently:
 *
 * - parameters have a pattern, because SSM puts them into the script without quoting;
 * - the installer is fetched by curl into a fresh file instead of by `aws:downloadContent` into a fixed one in /tmp,
 *   where another user could wait for it; it is run only when it came whole, over TLS 1.2 or newer. SSM agents older than
 *   3.1 can do this too;
 * - the checks of Muster's own command, with their exit codes, run first;
 * - no step has a precondition: SSM reports a step that it skipped as a success.
 */
export function ssmDocument(settings: InitSettings): SsmDocument {
  return {
    schemaVersion: '2.2',
    description: 'Installs a Teleport agent that joins by the IAM join method.',
    parameters: {
      token: {
        type: 'String',
        description: '(Required) The Teleport invite token to use when joining the cluster.',
        allowedPattern: '^[A-Za-z0-9][A-Za-z0-9._@+=-]{0,254}$',
      },
      scriptName: {
        type: 'String',
        description: '(Required) The Teleport installer script to use when joining the cluster.',
        allowedPattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
      },
      env: {
        type: 'String',
        description: "Environment variables exported to the script. Format 'ENV=var FOO=bar'",
        default: 'X=$X',
        allowedPattern: ENVIRONMENT,
      },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'runShellScript',
        inputs: { timeoutSeconds: '300', runCommand: script(settings) },
      },
    ],
  };
}

/** The document as a file, for `aws ssm create-document --document-format YAML`. */
export function ssmDocumentYaml(document: SsmDocument): string {
  return stringify(document, { lineWidth: 0 });
}

/** Muster's own script, with SSM's placeholders for what the parameters bring. */
function script(settings: InitSettings): readonly string[] {
  const [, ...rest] = installScript({
    documentName: settings.documentName,
    joinToken: '{{ token }}',
    scriptName: '{{ scriptName }}',
    scriptSha256: null,
    publicProxyAddr: settings.proxy,
    suffix: null,
    updateGroup: null,
    httpProxy: null,
    httpsProxy: null,
    noProxy: null,
  });
  return [
    'export {{ env }}',
    // In place of the script's first line, which knows the suffix: here it comes in by `env`.
    'muster_config="/etc/teleport${TELEPORT_INSTALL_SUFFIX:+_$TELEPORT_INSTALL_SUFFIX}.yaml"',
    `if [ -e "$muster_config" ] && [ ! -e "$muster_config.discover" ]; then echo 'a Teleport agent that was not enrolled by discovery is configured on this host' >&2; exit 120; fi`,
    ...rest,
  ];
}
