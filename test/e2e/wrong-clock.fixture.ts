/** Environment of a process whose clock is off by so much: its `Date` is, and with it everything that it signs and dates. */
export function wrongClock(offsetMs: number): NodeJS.ProcessEnv {
  const source = `const Real = Date;
globalThis.Date = class Date extends Real {
  constructor(...args) { if (args.length === 0) super(Real.now() + ${offsetMs}); else super(...args); }
  static now() { return Real.now() + ${offsetMs}; }
};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}
