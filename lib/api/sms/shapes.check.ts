import type * as Sms from '@aws-sdk/client-sms';
import type { ValueOf } from '../shape.ts';
import type { OPERATION_SHAPES } from './shapes.ts';

/**
 * Compiles only while shapes.ts and the types of `@aws-sdk/client-sms` say the same: the same operations, and in each input and output, at any depth, the
 * same members of the same types with the same enum values. Operations are taken from the package's command classes, so that none can be forgotten. Where
 * they differ, the compiler names the operation.
 */
type Commands = typeof Sms;
type Model = {
  [C in Exclude<keyof Commands, '$Command'> as C extends `${infer Operation}Command`
    ? Operation
    : never]: Commands[C] extends abstract new (
    input: infer Input,
  ) => Sms.$Command<infer _I, infer Output, infer _C, infer _CI, infer _CO>
    ? { input: Input; output: Omit<Output, '$metadata'> }
    : never;
};
type Ours = typeof OPERATION_SHAPES;

/** A type of the package with every member there. */
type Filled<T> = T extends Date
  ? Date
  : T extends readonly (infer Item)[]
    ? Filled<Item>[]
    : T extends object
      ? { [M in keyof T]-?: Filled<NonNullable<T[M]>> }
      : T;

/** With every member there, types that fit each other both ways have the same members. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type RequiredByModel<T> = { [M in keyof T]-?: object extends Pick<T, M> ? never : M }[keyof T];
type RequiredByUs<S extends { members: object }> = {
  [M in keyof S['members']]: S['members'][M] extends { required: true } ? M : never;
}[keyof S['members']];

type Differing<Side extends 'input' | 'output'> = {
  [O in keyof Model]: O extends keyof Ours
    ? Same<Filled<Model[O][Side]>, ValueOf<Ours[O][Side]>> extends true
      ? never
      : O
    : O;
}[keyof Model];

/** Operations that do not require what the model does, or require more of their own than the application's id. */
type DifferingRequired = {
  [O in keyof Ours]: O extends keyof Model
    ? [RequiredByModel<Model[O]['input']>] extends [RequiredByUs<Ours[O]['input']>]
      ? [RequiredByUs<Ours[O]['input']>] extends [RequiredByModel<Model[O]['input']> | 'appId']
        ? never
        : O
      : O
    : O;
}[keyof Ours];

type Nothing<T extends never> = T;

export type Checked = [
  operationsTooMany: Nothing<Exclude<keyof Ours, keyof Model>>,
  operationsMissing: Nothing<Exclude<keyof Model, keyof Ours>>,
  inputs: Nothing<Differing<'input'>>,
  outputs: Nothing<Differing<'output'>>,
  required: Nothing<DifferingRequired>,
];
