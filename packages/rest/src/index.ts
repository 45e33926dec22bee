export * from './model/index.ts';
export {
  answerWriter,
  listText,
  pageReader,
  rawField,
  type Answer,
  type WriteAnswer,
} from './answer/answer.ts';
export { parseJson } from './request/json-text.ts';
export { pagesWriter, requestWriter, type RestInput, type WriteRequest } from './request/request.ts';
export { createRouter, type Routed } from './router.ts';
export { chooseWorkspace, problemOf, type Refused } from './refusal.ts';
export { problemText, RestProblem, type RestError } from './problem.ts';
