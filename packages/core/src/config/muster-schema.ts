import { z } from 'zod';
import { ConsoleShape } from './console-schema.ts';
import { FreezeShape } from './freeze-schema.ts';
import { NotifyShape } from './notify-schema.ts';
import { ASSUMED_RATES, USUAL_PACING } from '../install/pacing.ts';
import {
  confidentialText,
  duration,
  entries,
  flag,
  oneOf,
  refused,
  share,
  text,
  textList,
  whole,
} from './value-shapes.ts';
import { WaveShape } from './wave-schema.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The `muster:` section: everything that Teleport has no word for. Keys are listed in `docs/configuration.md`. */
export const MusterShape = z.strictObject({
  paused: flag()
    .prefault(false)
    .describe('`true` holds every send, whatever Redis says or has lost. Workers go on reading.'),
  redis: z
    .strictObject({
      url: confidentialText()
        .prefault('redis://127.0.0.1:6379')
        .describe(
          '`redis://` or `rediss://` (TLS) of one primary, `redis+sentinel://HOST:PORT,HOST:PORT/NAME` of Sentinels that watch one under that name, or `redis+cluster://HOST:PORT,HOST:PORT` of a Redis Cluster; the last two with `rediss+` too. The environment variable `REDIS_URL` wins.',
        ),
      password: refused(
        'a password does not belong into this file: put it into a file of its own (password_file), or into the URL in REDIS_URL',
      )
        .optional()
        .describe('Refused: use `password_file`, or `REDIS_URL`.'),
      password_file: text()
        .optional()
        .describe(
          'File with the password of Redis, relative to the folder of this file. Used when the URL has no password, and read again whenever a connection is made: a new password needs no restart. The environment variable `REDIS_PASSWORD_FILE` wins.',
        ),
      ca_file: text()
        .optional()
        .describe(
          'With `rediss://`: file with the certificates (PEM) of the authorities that may have signed the one of Redis, relative to the folder of this file. Without it, those that Node trusts.',
        ),
      cert_file: text()
        .optional()
        .describe('With `rediss://`: file with the certificate (PEM) that Muster shows. Needs `key_file`.'),
      key_file: text()
        .optional()
        .describe('File with the private key (PEM) of `cert_file`, readable to Muster alone.'),
      sentinel_password_file: text()
        .optional()
        .describe(
          'With `redis+sentinel://`: file with the password of the Sentinels, where they ask for one. That of Redis is in `password_file`.',
        ),
      prefix: text()
        .prefault('muster')
        .describe('First part of every key in Redis, one per installation: letters, digits, `-`, `_`.'),
    })
    .prefault({}),
  shown_tags: textList()
    .prefault(['Name'])
    .describe(
      'Tags of EC2 that Muster keeps beside an instance, so that lists show them and a search finds them: 10 keys at most. They decide nothing.',
    ),
  marker_key_file: text()
    .optional()
    .describe(
      'File with the marker key, relative to the folder of this file: 64 hexadecimal digits, made with `openssl rand -hex 32`. With several lines, the first key signs and all verify. The environment variable `MUSTER_MARKER_KEY` wins.',
    ),
  limits: z
    .strictObject({
      installs_in_flight: whole(1, 100_000)
        .prefault(1000)
        .describe(
          'How many hosts may be under way at once, over all accounts: from their claim until they have joined or failed.',
        ),
      installs_in_flight_per_account: whole(1, 100_000)
        .optional()
        .describe('The same within one account. Default `250`, or the figure above when that is smaller.'),
      installs_in_flight_per_target: whole(1, 100_000)
        .optional()
        .describe(
          'The same within one region of one account. Default `100`, or the figure above when that is smaller.',
        ),
      hold_first_send: flag()
        .prefault(true)
        .describe('A first run waits for `muster resume` before it sends anything.'),
    })
    .prefault({}),
  rollout: z
    .strictObject({
      ask_above: z
        .strictObject({
          share: share()
            .prefault(0.2)
            .describe(
              'A changed configuration that selects more hosts than before sends to them by itself only up to this share of the hosts that were selected before, or up to `hosts`, whichever is more. Above it, they wait for `muster approve change`.',
            ),
          hosts: whole(0, 1_000_000)
            .prefault(50)
            .describe('The same as a number of hosts. With both `0`, every change that adds a host asks.'),
        })
        .prefault({}),
      waves: entries(WaveShape)
        .prefault([])
        .describe(
          'Parts of the fleet, one enrolled after the other: a host belongs to the first wave that selects it. Without waves all hosts begin at once.',
        ),
      ramp: z
        .strictObject({
          off: flag()
            .prefault(false)
            .describe('`true`: a mass start is held back by the caps and the brake alone.'),
          first: whole(1, 1000)
            .prefault(5)
            .describe(
              'How many hosts a mass start begins with. A mass start is the first send of a matcher or of a changed one, a resume after a brake, or a retry of more hosts than this.',
            ),
          factor: whole(2, 100)
            .prefault(2)
            .describe(
              'How many times as many hosts the next step has. The ramp is over when a step would be wider than `limits.installs_in_flight`.',
            ),
          success: share()
            .prefault(0.9)
            .describe(
              'Share of a step’s hosts that must have joined before the next step. A step that misses it is tried again, or stops the ramp where more fail than in a healthy fleet.',
            ),
        })
        .prefault({}),
    })
    .prefault({}),
  freeze: entries(FreezeShape)
    .prefault([])
    .describe(
      'Freeze windows: times in which nothing is sent, repaired or removed, dated or recurring, everywhere or in a part of the organization. Commands that are under way are followed to their end.',
    ),
  brake: z
    .strictObject({
      enabled: flag()
        .prefault(true)
        .describe(
          'Stops the sends of an account when too many of the hosts last sent to failed, and all sends when several accounts fail so.',
        ),
      window: whole(1, 1000)
        .prefault(50)
        .describe(
          'How many hosts the brake judges together, in the order in which they were sent to. A host that has not ended counts as not failed; a retry of a failed host does not count.',
        ),
      min_outcomes: whole(1, 1000)
        .prefault(20)
        .describe('With fewer hosts than this, the brake stops nothing. At most `window`.'),
      max_failure_share: share()
        .prefault(0.5)
        .describe(
          'The brake stops above this share of failed hosts. A host that is installed but does not join has failed.',
        ),
    })
    .prefault({}),
  pacing: z
    .strictObject({
      share: share()
        .prefault(USUAL_PACING.share)
        .describe(
          "Share of each account's quota per region that Muster uses; the rest stays for its owners.",
        ),
      send_commands_per_second: whole(1, 1000)
        .prefault(ASSUMED_RATES['ssm:SendCommand'])
        .describe(
          'Assumed quota of ssm:SendCommand per account and region. AWS publishes none; Muster corrects it by AWS’s throttles.',
        ),
      list_invocations_per_second: whole(1, 1000)
        .prefault(ASSUMED_RATES['ssm:ListCommandInvocations'])
        .describe('Assumed quota of ssm:ListCommandInvocations per account and region.'),
      describe_nodes_per_second: whole(1, 1000)
        .prefault(ASSUMED_RATES['ssm:DescribeInstanceInformation'])
        .describe('Assumed quota of ssm:DescribeInstanceInformation per account and region.'),
    })
    .prefault({}),
  install: z
    .strictObject({
      timeout: duration(5 * SECOND, 2 * DAY)
        .optional()
        .describe(
          'How long the installer may run on a host; whole seconds. Default `5m`, or `TELEPORT_UNSTABLE_AWS_INSTALL_TIMEOUT`. A custom document brings its own limit.',
        ),
      delivery_timeout: duration(30 * SECOND, 20 * DAY)
        .prefault('2m')
        .describe('How long the SSM agent may take to fetch the command; whole seconds.'),
      join_timeout: duration(10 * SECOND)
        .prefault('5m')
        .describe('How long a host may take, after its installer ended, until the inventory shows its node.'),
      visibility: duration(SECOND, 10 * MINUTE)
        .prefault('30s')
        .describe('How long AWS may take to show a command in its lists.'),
      resend_after: duration(MINUTE)
        .optional()
        .describe(
          'When the answer to a send was lost and no list of AWS shows the command, the worker waits this long before it sends again. At least 5m40s + `visibility`, which is the default.',
        ),
      poll_first: duration(SECOND)
        .prefault('5s')
        .describe('How long after a send the worker first asks for the command.'),
      poll_max: duration(SECOND)
        .prefault('30s')
        .describe('Longest pause between two such questions. At least `poll_first`.'),
      script_sha256: z
        .record(z.string(), text())
        .prefault({})
        .describe(
          'Installer (`script_name`) → the SHA-256 that it must have. A host that gets another installer does not run it and ends with exit code 121. Only for `AWS-RunShellScript`. `muster doctor` prints the SHA-256. Default none.',
        ),
      output_chars: whole(0, 32_000)
        .prefault(600)
        .describe("Characters of a script's output kept per attempt; `0` keeps none."),
    })
    .prefault({}),
  backoff: z
    .strictObject({
      operator_first: duration(SECOND)
        .prefault('10m')
        .describe(
          'First pause after a failure that an operator must fix. Each further pause is twice as long.',
        ),
      transient_first: duration(SECOND)
        .prefault('6m')
        .describe(
          'First pause after a failure that may pass by itself. Each further pause is twice as long.',
        ),
      cap: duration(SECOND).prefault('24h').describe('Longest pause. At least the two above.'),
    })
    .prefault({}),
  inventory: z
    .strictObject({
      source: oneOf('tctl', 'none')
        .prefault('tctl')
        .describe(
          'Where Muster sees which hosts have joined. `none`: an installer that ends with 0 counts as success.',
        ),
      command: text()
        .prefault('tctl')
        .describe('The program, by name on PATH or by absolute path. Never a shell line.'),
      args: textList()
        .prefault([])
        .describe('Arguments before `get nodes --format=json`, such as `--identity=/etc/muster/identity`.'),
      refresh: duration(SECOND).prefault('1m').describe('How often a worker reads the inventory.'),
      freshness: duration(SECOND)
        .prefault('10m')
        .describe('No send while the last complete reading is older. At least `refresh`.'),
      timeout: duration(SECOND, 9 * MINUTE)
        .prefault('2m')
        .describe(
          'How long one run of `command` may take. The worker then stops it with everything that it started. Raise this where `get nodes` takes longer than a minute.',
        ),
      max_drop_share: share()
        .prefault(0.3)
        .describe(
          'When a reading lost more than this share of the nodes, and more than three, or shows none of several any more, Muster holds all sends. `1`: it believes every reading.',
        ),
      lost_after: duration(MINUTE, 7 * DAY)
        .prefault('15m')
        .describe(
          'How long complete readings must miss the node of a host that had joined and that EC2 shows running, until the host is `lost`. Teleport itself lists a node for about 10 minutes after its agent fell silent.',
        ),
    })
    .prefault({}),
  repair: z
    .strictObject({
      enabled: flag()
        .prefault(true)
        .describe(
          'Runs the installer again on hosts that are lost. `false`: they are only shown, and nothing is sent to a host that had joined before.',
        ),
      in_flight: whole(1, 100_000)
        .prefault(50)
        .describe(
          'How many repairs may be under way at once, over all accounts: from their claim until they have joined or failed. The default is one command’s worth: a fault that takes nodes away everywhere then reaches few hosts before it shows. Repairs count under `limits` too.',
        ),
      per_hour: whole(1, 1_000_000)
        .prefault(500)
        .describe(
          'How many repairs may begin within an hour, over all accounts. In a fleet of 10,000 hosts far fewer agents die within a day. Thousands of lost hosts at once point to the network or to Teleport, and repairs do not mend that.',
        ),
    })
    .prefault({}),
  labels: z
    .strictObject({
      enabled: flag()
        .prefault(true)
        .describe(
          'Writes EC2 tags as `aws/TAG` labels of the nodes, by `server_info` resources that `tctl` creates. Off without an inventory.',
        ),
      lifetime: duration(10 * MINUTE, 7 * DAY)
        .prefault('6h')
        .describe(
          'How long Teleport keeps the labels. Muster writes them anew in the last third of this time.',
        ),
      per_second: whole(1, 1000)
        .prefault(50)
        .describe('For how many instances per second labels are written, over all workers.'),
    })
    .prefault({}),
  other_discovery: z
    .strictObject({
      hold: flag()
        .prefault(true)
        .describe(
          'Whether sends wait where a Discovery Service of Teleport may enroll the same hosts. Muster sees it where the identity of `tctl` may list and read `discovery_service`, `instance` and `discovery_config`. `false`: a finding tells of it, and Muster sends all the same.',
        ),
      ignore: textList()
        .prefault([])
        .describe(
          'Discovery Services that enroll none of these hosts, whatever Muster sees of them: id or name of a host, or `discovery_config/NAME`.',
        ),
    })
    .prefault({}),
  cleanup: z
    .strictObject({
      enabled: flag()
        .prefault(false)
        .describe(
          'Removes from Teleport the nodes of instances that Muster enrolled and that two complete scans no longer show. The identity of `tctl` needs the verb `delete` on `node`. Off without an inventory.',
        ),
      per_hour: whole(1, 100_000)
        .prefault(100)
        .describe('How many nodes are removed within an hour, over all workers.'),
      max_share: share()
        .prefault(0.1)
        .describe(
          'When more than this share of all nodes, or of the nodes of an account, is to be removed at once, Muster removes none of them before `muster approve cleanup`. Up to ten nodes are never held back.',
        ),
      left_accounts: flag()
        .prefault(false)
        .describe(
          'Removes the nodes of accounts that left the organization, too: two complete listings of the whole organization no longer show them. Their hosts may still run.',
        ),
    })
    .prefault({}),
  audit: z
    .strictObject({
      file: text()
        .optional()
        .describe(
          'Base name of the files into which one of the schedulers writes each entry of the audit as a line of JSON, one file a day: `/var/log/muster/audit.jsonl` becomes `/var/log/muster/audit-2026-11-30.jsonl`. Relative to where the scheduler runs.',
        ),
      keep_days: whole(1, 36_500)
        .prefault(400)
        .describe('How many days such a file is kept before the scheduler deletes it.'),
      log: flag()
        .prefault(true)
        .describe('Each entry of the audit is a line of a scheduler’s log, too, with the message `audit`.'),
    })
    .prefault({}),
  console: ConsoleShape.prefault({}),
  notify: entries(NotifyShape)
    .prefault([])
    .describe(
      'Channels that are told what an operator should act on: what was raised, has changed and has ended (docs/notifications.md). Schedulers send.',
    ),
  worker: z
    .strictObject({
      discovery_concurrency: whole(1, 1000)
        .prefault(200)
        .describe(
          'How many scans one worker runs at once. The default keeps a core busy while AWS takes 250 ms to answer.',
        ),
      enrollment_concurrency: whole(1, 1000)
        .prefault(20)
        .describe('How many install, collect and verify jobs one worker runs at once.'),
      shutdown: duration(SECOND, 10 * MINUTE)
        .prefault('20s')
        .describe('How long after SIGTERM a worker may finish its jobs; then it hands them back.'),
      listen: text()
        .prefault('127.0.0.1:9090')
        .describe('`host:port` of /healthz, /readyz and /metrics. Port `0`: any free one.'),
    })
    .prefault({}),
});
export type MusterShape = z.infer<typeof MusterShape>;
