// Puts tctl and tbot of a release of Teleport into a folder, for the Dockerfile:
//   node fetch-teleport.js FOLDER VERSION SHA256 [URL]
// Without a version the folder stays empty. The archive is compared with the hash before anything of it is unpacked.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAMS = ['tctl', 'tbot'];
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

const [folder, version = '', sha256 = '', url = ''] = process.argv.slice(2);
check(folder !== undefined, 'usage: fetch-teleport.js FOLDER VERSION SHA256 [URL]');
mkdirSync(folder, { recursive: true });
if (version !== '') await fetchPrograms();

async function fetchPrograms() {
  check(
    /^\d+\.\d+\.\d+$/.test(version),
    `TELEPORT_VERSION must be a release such as 18.5.1, not "${version}"`,
  );
  check(
    /^[0-9a-f]{64}$/.test(sha256),
    'TELEPORT_SHA256 must be the SHA-256 of the archive: 64 letters and digits',
  );
  const archive = `teleport-v${version}-linux-${ARCHITECTURES[process.arch]}-bin.tar.gz`;
  const from = url === '' ? `https://cdn.teleport.dev/${archive}` : url;
  const answer = await fetch(from);
  check(answer.ok, `${from} answers ${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const found = createHash('sha256').update(bytes).digest('hex');
  check(found === sha256, `${from} has the SHA-256 ${found}, not TELEPORT_SHA256: nothing of it is used`);
  const unpacked = mkdtempSync(join(tmpdir(), 'teleport-'));
  writeFileSync(join(unpacked, archive), bytes);
  const members = PROGRAMS.map((name) => `teleport/${name}`);
  const tar = spawnSync('tar', [
    '-xzf',
    join(unpacked, archive),
    '-C',
    folder,
    '--strip-components=1',
    '--no-same-owner',
    ...members,
  ]);
  check(tar.status === 0, `the archive has no ${members.join(' and ')}: ${tar.stderr.toString()}`);
  rmSync(unpacked, { recursive: true });
}

function check(holds, message) {
  if (holds) return;
  console.error(message);
  process.exit(1);
}
