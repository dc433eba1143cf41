import { z } from 'zod';
import { ASSUMED_RATES, USUAL_PACING } from '../domain/pacing.ts';
import {
  confidentialText,
  duration,
  flag,
  oneOf,
  refused,
  share,
  text,
  textList,
  whole,
} from './value-shapes.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The `muster:` section: everything that Teleport has no word for. Keys are listed in `docs/configuration.md`. */
export const MusterShape = z.strictObject({
  paused: flag()
    .prefault(false)
    .describe('`true` holds every send, whatever Redis says or has forgotten. Reading goes on.'),
  redis: z
    .strictObject({
      url: confidentialText()
        .prefault('redis://127.0.0.1:6379')
        .describe('`redis://` or `rediss://`. The environment variable `REDIS_URL` wins.'),
      password: refused(
        'a password does not belong into this file: put it into a file of its own (password_file), or into the URL in REDIS_URL',
      )
        .optional()
        .describe('Refused: use `password_file`, or `REDIS_URL`.'),
      password_file: text()
        .optional()
        .describe(
          'File with the password of Redis, found from the folder of this one; it completes a URL that has none. The environment variable `REDIS_PASSWORD_FILE` wins.',
        ),
      prefix: text()
        .prefault('muster')
        .describe('First part of every key in Redis: letters, digits, `-`, `_`.'),
    })
    .prefault({}),
  marker_key_file: text()
    .optional()
    .describe(
      'File with the key of the markers, found from the folder of this one: 64 hexadecimal digits, made with `openssl rand -hex 32`. Several lines: the first signs, all verify. The environment variable `MUSTER_MARKER_KEY` wins.',
    ),
  limits: z
    .strictObject({
      installs_in_flight: whole(1, 100_000)
        .prefault(1000)
        .describe('Instances with a command in flight at once, over all accounts.'),
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
  brake: z
    .strictObject({
      enabled: flag()
        .prefault(true)
        .describe(
          'Stops an account when too many of the hosts last sent to failed, and everything when several accounts fail so.',
        ),
      window: whole(1, 1000)
        .prefault(50)
        .describe(
          'Hosts, in the order in which they were sent to, that are judged together. One that has not ended counts as not failed; retries of one that failed do not count.',
        ),
      min_outcomes: whole(1, 1000)
        .prefault(20)
        .describe('Fewer hosts than this stop nothing. At most `window`.'),
      max_failure_share: share()
        .prefault(0.5)
        .describe(
          'Share of failed hosts above which it stops. A host that is installed and does not join has failed.',
        ),
    })
    .prefault({}),
  pacing: z
    .strictObject({
      share: share()
        .prefault(USUAL_PACING.share)
        .describe("What Muster takes of each account's quota per region; the rest is left to its owners."),
      send_commands_per_second: whole(1, 1000)
        .prefault(ASSUMED_RATES['ssm:SendCommand'])
        .describe(
          'Quota of ssm:SendCommand per account and region. AWS publishes none; throttles correct it.',
        ),
      list_invocations_per_second: whole(1, 1000)
        .prefault(ASSUMED_RATES['ssm:ListCommandInvocations'])
        .describe('Quota of ssm:ListCommandInvocations per account and region.'),
      describe_nodes_per_second: whole(1, 1000)
        .prefault(ASSUMED_RATES['ssm:DescribeInstanceInformation'])
        .describe('Quota of ssm:DescribeInstanceInformation per account and region.'),
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
        .describe('From the end of the installer until the node must be seen.'),
      visibility: duration(SECOND, 10 * MINUTE)
        .prefault('30s')
        .describe('How long AWS may take to show a command in its lists.'),
      resend_after: duration(MINUTE)
        .optional()
        .describe(
          'After this, a send whose answer was lost, and that no list shows, did not happen. At least 5m40s + `visibility`, which is the default.',
        ),
      poll_first: duration(SECOND).prefault('5s').describe('First look at a command after its send.'),
      poll_max: duration(SECOND)
        .prefault('30s')
        .describe('Longest pause between two looks. At least `poll_first`.'),
      script_sha256: z
        .record(z.string(), text())
        .prefault({})
        .describe(
          'Installer (`script_name`) → the SHA-256 it must have. A host whose installer differs runs nothing and ends with exit code 121. Only for `AWS-RunShellScript`. `muster doctor` prints the figure. Default none.',
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
        .describe('First pause after a failure that an operator must fix. Doubles.'),
      transient_first: duration(SECOND)
        .prefault('6m')
        .describe('First pause after a failure that may pass by itself. Doubles.'),
      cap: duration(SECOND).prefault('24h').describe('Longest pause. At least the two above.'),
    })
    .prefault({}),
  inventory: z
    .strictObject({
      source: oneOf('tctl', 'none')
        .prefault('tctl')
        .describe(
          'Where it is seen which hosts have joined. `none`: an installer that ends with 0 counts as success.',
        ),
      command: text().prefault('tctl').describe('The program, on PATH or absolute. Never a shell line.'),
      args: textList()
        .prefault([])
        .describe('Put before `get nodes --format=json`, such as `--identity=/etc/muster/identity`.'),
      refresh: duration(SECOND).prefault('1m').describe('How often the inventory is read.'),
      freshness: duration(SECOND)
        .prefault('10m')
        .describe('No send while the last complete reading is older. At least `refresh`.'),
      timeout: duration(SECOND, 9 * MINUTE)
        .prefault('2m')
        .describe(
          'How long one run of `command` may take; then it is stopped with everything it started. Raise it where `get nodes` takes longer than a minute.',
        ),
      max_drop_share: share()
        .prefault(0.3)
        .describe('A reading that lost more than this share of its nodes holds sends.'),
    })
    .prefault({}),
  labels: z
    .strictObject({
      enabled: flag()
        .prefault(true)
        .describe(
          'EC2 tags as `aws/TAG` labels of the nodes, by `server_info` resources that `tctl` creates. Off without an inventory.',
        ),
      lifetime: duration(10 * MINUTE, 7 * DAY)
        .prefault('6h')
        .describe('After this Teleport forgets labels that were not refreshed. They are, in the last third.'),
      per_second: whole(1, 1000)
        .prefault(50)
        .describe('Instances per second whose labels are written, over all workers.'),
    })
    .prefault({}),
  console: z
    .strictObject({
      listen: text()
        .prefault('127.0.0.1:8080')
        .describe('`host:port` of console, API and metrics of the scheduler. Port `0`: any free one.'),
      password: refused(
        'a password does not belong into this file: put it into a file of its own (password_file), or into MUSTER_CONSOLE_PASSWORD',
      )
        .optional()
        .describe('Refused: use `password_file`, or `MUSTER_CONSOLE_PASSWORD`.'),
      password_file: text()
        .optional()
        .describe(
          'File with the password of the console, found from the folder of this one. Needed to listen anywhere but on loopback. The environment variable `MUSTER_CONSOLE_PASSWORD` wins.',
        ),
    })
    .prefault({}),
  worker: z
    .strictObject({
      discovery_concurrency: whole(1, 1000)
        .prefault(200)
        .describe(
          'Scans at once in one worker: as many as keep a core busy while AWS takes 250 ms to answer.',
        ),
      enrollment_concurrency: whole(1, 1000)
        .prefault(20)
        .describe('Install, collect and verify jobs at once in one worker.'),
      shutdown: duration(SECOND, 10 * MINUTE)
        .prefault('20s')
        .describe('From SIGTERM until unfinished jobs are handed back.'),
      listen: text()
        .prefault('127.0.0.1:9090')
        .describe('`host:port` of /healthz, /readyz and /metrics. Port `0`: any free one.'),
    })
    .prefault({}),
});
export type MusterShape = z.infer<typeof MusterShape>;
