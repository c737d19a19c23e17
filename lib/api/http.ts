/** A request as every front hands it on: the HTTP server, and the Lambda function behind its URL. */
export interface HttpRequest {
  readonly method: string;
  /** As it was sent, with its percent signs. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Aborted when the caller goes away without its answer. */
  readonly gone?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export type Handle = (request: HttpRequest) => Promise<HttpResponse>;
