/*
 * Sending once (docs/sending-once.md): two workers, one instance, SSM, and a Redis that may forget.
 *
 * A step of a worker is one atomic action of the code: a script, a call, a look at the clock. Between two steps anything
 * may happen for any time: that is a freeze. Time is a tick of ten seconds; waits keep their order, not their length.
 * Everything is counted as an age, cut off where no wait reaches, so that the state space is finite.
 *
 * Each measure can be turned off with -D: see docs/models/README.md, which also tells what that finds.
 */
#define WINDOW 1                    /* from the intent until its request may no longer leave */
#ifndef VALID
#define VALID 2                     /* how long AWS takes a signature for valid */
#endif
#define VIS 1                       /* T_vis: how long SSM may hide a command */
#define LIFE 4                      /* from acceptance until ExpiresAfter */
#ifndef RESEND
#define RESEND (WINDOW + VALID + VIS)
#endif
#ifndef EPOCHWAIT
#define EPOCHWAIT (WINDOW + VIS)
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef REFUSALS
#define REFUSALS 1
#endif
#ifndef FLUSHES
#define FLUSHES 1
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 0
#endif
#ifndef BATCHES
#define BATCHES 2
#endif
#define OLD (RESEND + 1)            /* older than every wait */
#define SLOTS 4                     /* batches are 1 .. BATCHES < SLOTS */

mtype = { absent, queued, sending, installing, failed };
mtype = { closed, open, known };    /* an intent: not there; its outcome unknown; its command known */
mtype = { unseen, live, over };     /* what a listing shows of a command */

typedef Redis {
  mtype record;
  byte batch;                       /* that the record is claimed by, or follows */
  byte ended;                       /* bits: ends that the record knows */
  byte reconciled;                  /* epoch under which the target's commands were listed */
  mtype intent[SLOTS]
};

Redis redis, copy;
bool hasCopy;
byte epoch = 1, batches;
byte seenAge = EPOCHWAIT;                 /* since the current epoch was first seen */
bool seen = true;
byte intentAge[SLOTS];              /* since the intent's clock was read */
bool request[SLOTS];                /* signed, and not yet accepted, refused or too old */
byte requestAge[SLOTS];
bool accepted[SLOTS], visible[SLOTS], alive[SLOTS];
byte commandAge[SLOTS];
byte crashes = CRASHES, refusals = REFUSALS, flushes = FLUSHES, rollbacks = ROLLBACKS;

#define FREE (redis.record == queued || redis.record == failed)
#define KNOWS(b) ((redis.ended >> b) & 1)
#define ALIVE (alive[1] + alive[2] + alive[3])
/* whether anybody may still ask how old its intent is, beyond its window */
#define MAYBEOPEN(b) (redis.intent[b] == open || (hasCopy && copy.intent[b] == open))
#define ANYOPEN (redis.intent[1] != closed || redis.intent[2] != closed || redis.intent[3] != closed)

/* The record's part in `accepted`, `send-refused` and `ended`. */
inline recordAccepted(b) {
  if
  :: redis.record == absent || redis.record == installing || KNOWS(b) -> skip
  :: else -> redis.record = installing; redis.batch = b
  fi
}
inline recordRefused(b) {
  if
  :: redis.record == sending && redis.batch == b -> redis.record = queued; redis.batch = 0
  :: else -> skip
  fi
}
inline recordEnded(b) {
  if
  :: redis.record == installing && redis.batch == b ->
     redis.record = failed; redis.batch = 0; redis.ended = redis.ended | (1 << b)
  :: else -> skip
  fi
}

inline look(b, at) {
  at = (accepted[b] && visible[b] -> (alive[b] -> live : over) : unseen)
}

inline adopt(b, at) {
  if
  :: at != unseen && (at == live || (FREE && !KNOWS(b))) ->
     redis.intent[b] = known; recordAccepted(b)
  :: else -> skip
  fi
}

/* A worker may die wherever it waits for its next step. */
#define MAYDIE :: atomic { crashes > 0 -> crashes--; goto idle }

active [2] proctype Worker() {
  byte mine, b, knew, myEpoch;
  mtype was, at[SLOTS];
  bool late;

idle:
  atomic { mine = 0; b = 0; knew = 0; was = absent; myEpoch = 0; late = false; at[1] = unseen; at[2] = unseen; at[3] = unseen }
  if
  /* install-batch: the epoch first */
  :: atomic { redis.reconciled == epoch -> myEpoch = epoch; goto pick }
  :: atomic { redis.reconciled != epoch && !seen -> seen = true; seenAge = 0; goto idle }
  :: atomic { redis.reconciled != epoch && seen && seenAge >= EPOCHWAIT -> myEpoch = epoch; goto list }
  /* collect-command: the intent first */
  :: atomic { redis.intent[1] == open && intentAge[1] > WINDOW -> b = 1; late = intentAge[1] >= RESEND; goto find }
  :: atomic { redis.intent[2] == open && intentAge[2] > WINDOW -> b = 2; late = intentAge[2] >= RESEND; goto find }
  :: atomic { redis.intent[3] == open && intentAge[3] > WINDOW -> b = 3; late = intentAge[3] >= RESEND; goto find }
  :: atomic { redis.intent[1] == known -> b = 1; goto follow }
  :: atomic { redis.intent[2] == known -> b = 2; goto follow }
  :: atomic { redis.intent[3] == known -> b = 3; goto follow }
  fi;

list:
  if
  :: d_step { look(1, at[1]); look(2, at[2]); look(3, at[3]) }
  MAYDIE
  fi;
  if
  :: d_step {
#ifndef NO_RECONCILE
       adopt(3, at[3]); adopt(2, at[2]); adopt(1, at[1]);
#endif
       redis.reconciled = myEpoch; at[1] = unseen; at[2] = unseen; at[3] = unseen
     }
  MAYDIE
  fi;

pick:
  if
  :: atomic { FREE && !ANYOPEN && batches < BATCHES -> was = redis.record; knew = redis.ended }
  :: atomic { !(FREE && !ANYOPEN && batches < BATCHES) -> goto idle }
  fi;
  /* the claim: records and intent in one compare-and-set. Where the code compares versions, this compares contents, and so allows a little more. */
  if
#ifdef NO_ATOMIC_CLAIM
  :: d_step { batches < BATCHES ->
#else
  :: atomic { redis.record != was || redis.ended != knew || batches == BATCHES -> goto idle }
  :: d_step { redis.record == was && redis.ended == knew && batches < BATCHES ->
#endif
       batches++; mine = batches; was = absent; knew = 0;
       redis.record = sending; redis.batch = mine;
       redis.intent[mine] = open; intentAge[mine] = 0
     }
  MAYDIE
  fi;
#ifndef NO_RECHECK
  if
  :: atomic { epoch != myEpoch -> goto refused }
  :: atomic { epoch == myEpoch -> skip }
  MAYDIE
  fi;
#endif
  /* signed, and the clock looked at once more */
  if
#ifdef NO_NOTAFTER
  :: d_step { request[mine] = true; requestAge[mine] = 0 }
#else
  :: d_step { intentAge[mine] <= WINDOW -> request[mine] = true; requestAge[mine] = 0 }
  :: atomic { intentAge[mine] > WINDOW -> goto refused }
#endif
  MAYDIE
  fi;
  if
  :: atomic { accepted[mine] -> skip }
  :: atomic { request[mine] && refusals > 0 -> refusals--; request[mine] = false; goto refused }
  :: goto idle                       /* the answer is lost */
  MAYDIE
  fi;
  if
  :: d_step {
       if
       :: redis.intent[mine] == open -> redis.intent[mine] = known; recordAccepted(mine)
       :: else -> skip
       fi
     }
  MAYDIE
  fi;
  goto idle;

refused:
  if
  :: d_step {
       if
       :: redis.intent[mine] == open -> redis.intent[mine] = closed; recordRefused(mine)
       :: else -> skip
       fi
     }
  MAYDIE
  fi;
  goto idle;

find:                                /* the clock was asked before this listing */
  if
  :: d_step { look(b, at[1]) }
  MAYDIE
  fi;
#ifdef CLOCK_AFTERWARDS
  late = intentAge[b] >= RESEND;
#endif
  if
  :: d_step {
       if
       :: redis.intent[b] == open && at[1] != unseen -> redis.intent[b] = known; recordAccepted(b)
       :: redis.intent[b] == open && at[1] == unseen && late -> redis.intent[b] = closed; recordRefused(b)
       :: else -> skip
       fi
     }
  MAYDIE
  fi;
  goto idle;

follow:
  if
  :: d_step { look(b, at[1]) }
  MAYDIE
  fi;
  if
  :: d_step {
       if
#ifdef CLOSE_UNSEEN
       :: redis.intent[b] == known && at[1] != live -> redis.intent[b] = closed; recordEnded(b)
#else
       :: redis.intent[b] == known && at[1] == over -> redis.intent[b] = closed; recordEnded(b)
#endif
       :: else -> skip
       fi
     }
  MAYDIE
  fi;
  goto idle
}

#ifdef LATE_REQUESTS
#define INTIME(b) (requestAge[b] <= VALID)
#else
#define INTIME(b) (requestAge[b] <= VALID && (ROLLBACKS + FLUSHES == 0 || intentAge[b] <= WINDOW))
#endif

inline accept(b) {
  request[b] = false; requestAge[b] = 0; accepted[b] = true; alive[b] = true; commandAge[b] = 0;
  assert(ALIVE <= 1)                 /* never twice */
}

inline grow(age, limit) {
  if
  :: age < limit -> age++
  :: else -> age = limit
  fi
}

inline tick(b) {
  if
  :: MAYBEOPEN(b) -> grow(intentAge[b], OLD)
  :: else -> grow(intentAge[b], WINDOW + 1)
  fi;
  if
  :: request[b] -> requestAge[b]++
  :: else -> skip
  fi;
  if
  :: accepted[b] && (alive[b] || !visible[b]) ->
     grow(commandAge[b], LIFE);
     if
     :: commandAge[b] >= VIS -> visible[b] = true
     :: else -> skip
     fi;
     if
     :: commandAge[b] >= LIFE -> alive[b] = false
     :: else -> skip
     fi
  :: accepted[b] && !alive[b] && visible[b] -> commandAge[b] = 0
  :: else -> skip
  fi;
  if
  :: request[b] && !INTIME(b) -> request[b] = false; requestAge[b] = 0
  :: else -> skip
  fi
}

inline keep(from, to) {
  to.record = from.record; to.batch = from.batch; to.ended = from.ended;
  to.reconciled = from.reconciled;
  to.intent[1] = from.intent[1]; to.intent[2] = from.intent[2]; to.intent[3] = from.intent[3]
}

inline newEpoch() { epoch++; seen = false; seenAge = 0 }

init {
  d_step {
    redis.record = queued; redis.reconciled = epoch;
    redis.intent[1] = closed; redis.intent[2] = closed; redis.intent[3] = closed;
    keep(redis, copy)
  }
  do
  :: d_step { request[1] && INTIME(1) -> accept(1) }
  :: d_step { request[2] && INTIME(2) -> accept(2) }
  :: d_step { request[3] && INTIME(3) -> accept(3) }
  :: d_step { accepted[1] && !visible[1] -> visible[1] = true }
  :: d_step { accepted[2] && !visible[2] -> visible[2] = true }
  :: d_step { accepted[3] && !visible[3] -> visible[3] = true }
  :: d_step { alive[1] -> alive[1] = false }
  :: d_step { alive[2] -> alive[2] = false }
  :: d_step { alive[3] -> alive[3] = false }
  /* time passes */
  :: d_step { tick(1); tick(2); tick(3); grow(seenAge, EPOCHWAIT) }
  /* a scan finds an instance that the ledger does not know */
  :: d_step { redis.record == absent -> redis.record = queued }
  /* Redis is emptied */
  :: d_step {
       flushes > 0 -> flushes--;
       redis.record = absent; redis.batch = 0; redis.ended = 0; redis.reconciled = 0;
       redis.intent[1] = closed; redis.intent[2] = closed; redis.intent[3] = closed;
       newEpoch()
     }
  /* Redis comes back as it was at an earlier moment */
  :: d_step { rollbacks > 0 && !hasCopy -> hasCopy = true; keep(redis, copy) }
  :: d_step { rollbacks > 0 && hasCopy -> rollbacks--; hasCopy = false; keep(copy, redis); newEpoch() }
  od
}
