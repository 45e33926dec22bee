// HEALTHCHECK of the image: the service that runs in this container says itself whether it is ready.
const port = process.env.CNAP_PORT ?? process.env.PORT;
const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(3_000) });
process.exit(answer.ok ? 0 : 1);
