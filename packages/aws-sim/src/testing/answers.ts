/** A call's answer or error, flattened for comparison. */
export interface Seen {
  readonly ok: boolean;
  /** `err.name`; empty when it went well. */
  readonly name: string;
  readonly status: number;
  readonly message: string;
  readonly requestId: string | undefined;
}

/** Waits for a call and says how it went. */
export async function seen(
  call: Promise<{ $metadata: { httpStatusCode?: number | undefined; requestId?: string | undefined } }>,
): Promise<Seen> {
  try {
    const { $metadata } = await call;
    return {
      ok: true,
      name: '',
      status: $metadata.httpStatusCode ?? 0,
      message: '',
      requestId: $metadata.requestId,
    };
  } catch (error) {
    const known = error as Error & { $metadata?: { httpStatusCode?: number; requestId?: string } };
    return {
      ok: false,
      name: known.name,
      status: known.$metadata?.httpStatusCode ?? 0,
      message: known.message,
      requestId: known.$metadata?.requestId,
    };
  }
}
