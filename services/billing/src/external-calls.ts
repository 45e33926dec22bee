/** Runs one call that leaves the service; its name is such as `stripe.paymentIntents.capture`. */
export type ExternalCalls = <T>(name: string, call: () => Promise<T>) => Promise<T>;

/** Faults for tests: a crash after a call (`afterExternalCall` throws), or every call made twice. */
export type ExternalCallHooks = {
  afterExternalCall?: (name: string) => Promise<void> | void;
  repeatExternalCalls?: boolean;
};

/** Makes the one way out of the service. */
export function externalCalls(hooks: ExternalCallHooks = {}): ExternalCalls {
  return async (name, call) => {
    let result = await call();
    if (hooks.repeatExternalCalls) result = await call();
    await hooks.afterExternalCall?.(name);
    return result;
  };
}
