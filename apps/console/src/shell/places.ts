/** The pages of the console in the order of the navigation. */
import {
  Activity,
  Building2,
  ListOrdered,
  type LucideIcon,
  Rocket,
  ScrollText,
  Server,
  Settings,
  TriangleAlert,
} from 'lucide-react';

/** A page. */
interface Place {
  readonly name: string;
  readonly icon: LucideIcon;
  readonly path: string;
  /** Its route; absent for what is served beside the console, such as Bull Board. */
  readonly route?: '/' | '/accounts' | '/instances' | '/findings' | '/rollout' | '/audit' | '/settings';
}

export const PLACES: readonly Place[] = [
  { name: 'Overview', path: '/', route: '/', icon: Activity },
  { name: 'Accounts', path: '/accounts', route: '/accounts', icon: Building2 },
  { name: 'Instances', path: '/instances', route: '/instances', icon: Server },
  { name: 'Findings', path: '/findings', route: '/findings', icon: TriangleAlert },
  { name: 'Roll-out', path: '/rollout', route: '/rollout', icon: Rocket },
  { name: 'Audit', path: '/audit', route: '/audit', icon: ScrollText },
  { name: 'Settings', path: '/settings', route: '/settings', icon: Settings },
  { name: 'Queues', path: '/queues', icon: ListOrdered },
];
