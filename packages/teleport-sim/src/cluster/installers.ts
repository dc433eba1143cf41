/** Installer scripts: the default one in the shape Teleport renders it, and custom ones. */
import { type ClusterIdentity, majorVersion, teleportPackage } from './cluster-identity.ts';

/** The script a matcher asks for when it names none. */
export const DEFAULT_INSTALLER = 'default-installer';

/**
 * A rendered script, and what a shell would make of it. The simulated hosts run no shell: they read the exit code from
 * the response header `x-sim-exit-code`.
 */
export interface RenderedInstaller {
  readonly script: string;
  /** 0: sound, goes on to join. Otherwise the script ends with this code before it joins. */
  readonly exitCode: number;
}

/** `{{.Field}}` of Teleport's installer templates. */
const TEMPLATE_FIELD = /\{\{\s*\.(\w+)\s*\}\}/g;

/** A custom script tells the simulated hosts how it ends by a line `# sim-exit: 7`. */
const SIM_EXIT = /^#\s*sim-exit:\s*(\d{1,3})\s*$/m;

/** Renders a script as the proxy does, with the values of this cluster; an unknown field becomes empty. */
export function renderInstaller(
  template: string,
  identity: ClusterIdentity,
  azureClientId: string,
): RenderedInstaller {
  const values: Readonly<Record<string, string>> = {
    MajorVersion: majorVersion(identity),
    PublicProxyAddr: identity.publicAddr,
    RepoChannel: `stable/${majorVersion(identity)}`,
    AutomaticUpgrades: String(identity.automaticUpgrades),
    TeleportPackage: teleportPackage(identity),
    AzureClientID: azureClientId,
  };
  const script = template.replaceAll(TEMPLATE_FIELD, (_, field: string) => values[field] ?? '');
  return { script, exitCode: Number(SIM_EXIT.exec(script)?.[1] ?? 0) };
}

/** The script with its last third missing: a shell stops at the open `if` with a syntax error. */
export function breakInstaller(sound: RenderedInstaller): RenderedInstaller {
  const cutAt = sound.script.indexOf('then', Math.floor(sound.script.length / 3));
  const script = cutAt > 0 ? sound.script.slice(0, cutAt + 'then'.length) : `${sound.script}\nif true; then`;
  return { script, exitCode: 2 };
}

/** A script that gives up by itself, as the real one does when no package can be had. */
export const FAILING_INSTALLER: RenderedInstaller = {
  script: '#!/usr/bin/env sh\necho "Failed to download the Teleport package" >&2\nexit 1\n',
  exitCode: 1,
};

/** What a proxy behind a sign-on page answers with status 200: bash stops at the first line. */
export const LOGIN_PAGE: RenderedInstaller = {
  script:
    '<!doctype html>\n<html><head><title>Sign in</title></head><body>Sign in to continue</body></html>\n',
  exitCode: 2,
};

/** The default installer, as a template. Its behavior follows Teleport 18; the text is ours. */
export const DEFAULT_INSTALLER_TEMPLATE = `#!/usr/bin/env sh
set -eu

PROXY_ADDR="{{.PublicProxyAddr}}"
INSTALL_SCRIPT_URL="https://$PROXY_ADDR/scripts/install.sh"
JOIN_TOKEN="\${1:-}"

if [ -z "$JOIN_TOKEN" ]; then
  echo "the join token is missing" >&2
  exit 1
fi

work_file="$(mktemp)"
trap 'rm -f "$work_file"' EXIT

echo "Downloading the Teleport {{.MajorVersion}} install script from $INSTALL_SCRIPT_URL"
curl -sSf "$INSTALL_SCRIPT_URL" -o "$work_file"
chmod +x "$work_file"

if ! sudo -E "$work_file"; then
  echo "The install script returned a non-zero exit code" >&2
  exit 1
fi

teleport_binary=/usr/local/bin/teleport
if [ -n "\${TELEPORT_INSTALL_SUFFIX:-}" ]; then
  teleport_binary="/opt/teleport/$TELEPORT_INSTALL_SUFFIX/bin/teleport"
fi

echo "Configuring the Teleport agent"
sudo -E "$teleport_binary" install autodiscover-node --public-proxy-addr="$PROXY_ADDR" \\
  --teleport-package={{.TeleportPackage}} --repo-channel={{.RepoChannel}} \\
  --auto-upgrade={{.AutomaticUpgrades}} --azure-client-id={{.AzureClientID}} "$JOIN_TOKEN"
`;
