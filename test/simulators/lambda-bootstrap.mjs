// What Lambda's runtime does of a function: it loads the file, and hands over events one at a time. Runs in a process of its own.
const { handler } = await import(process.argv[2]);

process.on('message', async ({ id, event, traceHeader }) => {
  process.env._X_AMZN_TRACE_ID = traceHeader;
  try {
    const output = await handler(event, { awsRequestId: String(id) });
    process.send({ id, output: output ?? null });
  } catch (error) {
    process.send({ id, errorType: error.name, errorMessage: error.message });
  }
});
