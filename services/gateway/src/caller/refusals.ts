import { chooseWorkspace, RestProblem } from '@cnap/rest';

/** The workspace that the header names is no id at all. */
export const workspaceMalformed = (): RestProblem =>
  new RestProblem(403, {
    code: 'permission_denied',
    message: 'The header X-Workspace-Id is not the id of a workspace.',
    param: 'X-Workspace-Id',
    suggestion: chooseWorkspace,
    details: { reason: 'WORKSPACE_REQUIRED' },
  });
