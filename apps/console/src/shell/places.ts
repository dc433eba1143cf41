/** The pages of the console in the order of the navigation. */
import { Activity, ListOrdered, type LucideIcon, Server } from 'lucide-react';

/** A page. */
interface Place {
  readonly name: string;
  readonly icon: LucideIcon;
  readonly path: string;
  /** Its route; absent for what is served beside the console, such as Bull Board. */
  readonly route?: '/' | '/instances';
}

export const PLACES: readonly Place[] = [
  { name: 'Overview', path: '/', route: '/', icon: Activity },
  { name: 'Instances', path: '/instances', route: '/instances', icon: Server },
  { name: 'Queues', path: '/queues', icon: ListOrdered },
];
