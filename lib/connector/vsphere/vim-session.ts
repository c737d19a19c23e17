import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultIn, isFault, VcenterLoginError, VcenterUnreachableError } from './faults.ts';
import { readText, send } from './http.ts';
import { argument, type Moref, morefOf, refArgument } from './moref.ts';
import { type Trust, trustingAgent } from './tls.ts';
import { child, demandText, MalformedAnswerError, parseXml, textOf, type Xml } from './xml.ts';

export interface Vcenter {
  /** Scheme, host and port. */
  readonly url: URL;
  readonly user: string;
  /** Asked at every login, so that it may change. */
  readonly password: () => Promise<string>;
  /** Where the password is, for messages. */
  readonly passwordOrigin: string;
  readonly trust: Trust;
}

/** What vCenter says of itself, and its singletons. */
export interface ServiceContent {
  readonly instanceUuid: string;
  readonly name: string;
  readonly rootFolder: Moref;
  readonly propertyCollector: Moref;
  readonly authorizationManager: Moref;
  readonly sessionManager: Moref;
}

interface Login {
  readonly content: ServiceContent;
  readonly key: string;
  readonly cookie: string;
}

const SERVICE_INSTANCE: Moref = { type: 'ServiceInstance', id: 'ServiceInstance' };
/** The oldest API that has all that is asked for here; later ones answer to it. */
const API_VERSION = '6.5';
/** Bytes of an answer: a page of properties has 1 % of it. */
const MAX_ANSWER = 64 * 2 ** 20;
/** Attempts at a call that changes nothing. */
const ATTEMPTS = 4;
/** Milliseconds before the second attempt; each further one waits twice as long. */
const RETRY_DELAY = 250;
/** Calls that change nothing. */
const READS = /^(Retrieve|Continue|Query|HasPrivilege)/;
/** Milliseconds in which a password that was refused is not sent again: five refusals lock an account of vCenter's own. */
const REFUSAL_MEMORY = 15 * 60_000;

/** Calls of vCenter's SOAP API (vim25), in a session that is opened when it is needed and again when it has ended. */
export class VimSession {
  readonly #vcenter: Vcenter;
  readonly #agent: Agent;
  #login: Promise<Login> | undefined;
  #refused: { readonly digest: string; readonly at: number } | undefined;

  constructor(vcenter: Vcenter) {
    this.#vcenter = vcenter;
    this.#agent = trustingAgent(vcenter.trust);
  }

  get host() {
    return this.#vcenter.url.host;
  }
  get user() {
    return this.#vcenter.user;
  }

  get url() {
    return this.#vcenter.url;
  }
  get trust() {
    return this.#vcenter.trust;
  }

  content = async (): Promise<ServiceContent> => (await this.#session()).content;

  /** vCenter's name of this session. */
  key = async (): Promise<string> => (await this.#session()).key;

  /** Calls a method of an object, and answers the element of its response. Throws VimFaultError, VcenterUnreachableError, VcenterLoginError. */
  async call(method: string, target: Moref, args = ''): Promise<Xml> {
    for (let attempt = 1; ; attempt++) {
      const login = this.#session();
      try {
        return (await this.#post(method, refArgument('_this', target) + args, (await login).cookie)).response;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        if (isFault(error, 'NotAuthenticated')) this.#forget(login);
        else if (error instanceof VcenterUnreachableError && READS.test(method))
          await sleep(RETRY_DELAY * 2 ** (attempt - 1));
        else throw error;
      }
    }
  }

  /** Asks for a part of a file. The answer is there, whatever its status; a session that ended is opened again. */
  async get(path: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const url = new URL(path, this.#vcenter.url);
    for (let attempt = 1; ; attempt++) {
      const login = this.#session();
      const { cookie } = await login;
      const answer = await send({ url, agent: this.#agent, headers: { ...headers, cookie } });
      if (answer.statusCode !== 401 || attempt === 2) return answer;
      answer.resume();
      this.#forget(login);
    }
  }

  /** Ends the session and its connections; a later call opens another. */
  async close(): Promise<void> {
    const login = await this.#login?.catch(() => undefined);
    this.#login = undefined;
    if (login)
      await this.#post('Logout', refArgument('_this', login.content.sessionManager), login.cookie).catch(() => {});
    this.#agent.destroy();
  }

  #session(): Promise<Login> {
    if (this.#login) return this.#login;
    const login = this.#open();
    this.#login = login;
    login.catch(() => this.#forget(login));
    return login;
  }

  #forget(login: Promise<Login>) {
    if (this.#login === login) this.#login = undefined;
  }

  async #open(): Promise<Login> {
    const { user, url, passwordOrigin } = this.#vcenter;
    const { response } = await this.#post('RetrieveServiceContent', refArgument('_this', SERVICE_INSTANCE));
    const content = contentOf(child(response, 'returnval'), url.host);
    const password = await this.#vcenter.password();
    const digest = createHash('sha256').update(password).digest('hex');
    const refusal = new VcenterLoginError(
      `${url.host} refuses user ${user} with the password of ${passwordOrigin}; put the right one there (the user with its domain, as rehost@vsphere.local)`,
    );
    if (this.#refused?.digest === digest && Date.now() - this.#refused.at < REFUSAL_MEMORY) throw refusal;
    const credentials = argument('userName', user) + argument('password', password);
    try {
      const login = await this.#post('Login', refArgument('_this', content.sessionManager) + credentials);
      if (!login.cookie) throw new MalformedAnswerError(`${url.host} opened a session without a cookie`);
      return { content, key: demandText(login.response, 'returnval', 'key'), cookie: login.cookie };
    } catch (error) {
      if (!isFault(error, 'InvalidLogin')) throw error;
      this.#refused = { digest, at: Date.now() };
      throw refusal;
    }
  }

  async #post(method: string, body: string, cookie?: string): Promise<{ response: Xml; cookie?: string }> {
    const { url } = this.#vcenter;
    const answer = await send({
      url: new URL('/sdk', url),
      agent: this.#agent,
      method: 'POST',
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        soapaction: `"urn:vim25/${API_VERSION}"`,
        ...(cookie === undefined ? {} : { cookie }),
      },
      body: `<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Body><${method} xmlns="urn:vim25">${body}</${method}></Body></Envelope>`,
    });
    const text = await readText(answer, { limit: MAX_ANSWER, host: url.host });
    // 500 is how SOAP says that there is a fault.
    if (answer.statusCode !== 200 && answer.statusCode !== 500)
      throw new VcenterUnreachableError(`${url.host} answers ${method} with HTTP status ${answer.statusCode}`);
    const session = sessionCookie(answer);
    return { response: responseIn(text, `${method} at ${url.host}`, method), ...(session ? { cookie: session } : {}) };
  }
}

function responseIn(text: string, what: string, method: string): Xml {
  const body = child(parseXml(text), 'Envelope', 'Body');
  const fault = child(body, 'Fault');
  if (fault !== undefined) throw faultIn(fault, what);
  const response = child(body, `${method}Response`);
  if (response === undefined) throw new MalformedAnswerError(`the answer to ${what} is none of a vCenter`);
  return response;
}

const sessionCookie = ({ headers }: IncomingMessage) =>
  headers['set-cookie']
    ?.map((cookie) => cookie.split(';')[0]!)
    .find((cookie) => cookie.startsWith('vmware_soap_session='));

function contentOf(node: Xml | undefined, host: string): ServiceContent {
  const instanceUuid = textOf(node, 'about', 'instanceUuid');
  const version = textOf(node, 'about', 'apiVersion') ?? '';
  if (!instanceUuid)
    throw new VcenterUnreachableError(`${host} is a single host; give the address of the vCenter that manages it`);
  if (Number.parseFloat(version) < Number(API_VERSION))
    throw new VcenterUnreachableError(
      `${host} speaks version ${version} of the API; ${API_VERSION} or later is needed`,
    );
  return {
    instanceUuid,
    name: textOf(node, 'about', 'name') ?? host,
    rootFolder: morefOf(node, 'rootFolder'),
    propertyCollector: morefOf(node, 'propertyCollector'),
    authorizationManager: morefOf(node, 'authorizationManager'),
    sessionManager: morefOf(node, 'sessionManager'),
  };
}
