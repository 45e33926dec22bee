import { create } from '@bufbuild/protobuf';
import { CreateInvitationRequestSchema } from '@cnap/proto/cnap/identity/v1/invitation_service';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { expect, test } from 'vitest';
import { validate } from './validation.ts';

test('what an enum takes is told by name', () => {
  const request = create(CreateInvitationRequestSchema, {
    email: 'ada@example.com',
    role: Role.OWNER,
  });
  expect(() => validate(CreateInvitationRequestSchema, request)).toThrow(
    'role: must be in list [ADMIN, MEMBER, VIEWER]',
  );
});
