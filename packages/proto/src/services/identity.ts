import type { DescService } from '@bufbuild/protobuf';
import { AuditEntryService } from '../gen/cnap/identity/v1/audit_entry_service_pb.ts';
import { CallerService } from '../gen/cnap/identity/v1/caller_service_pb.ts';
import { InvitationService } from '../gen/cnap/identity/v1/invitation_service_pb.ts';
import { MemberService } from '../gen/cnap/identity/v1/member_service_pb.ts';
import { TokenService } from '../gen/cnap/identity/v1/token_service_pb.ts';
import { UserProvisioningService } from '../gen/cnap/identity/v1/user_provisioning_service_pb.ts';
import { UserService } from '../gen/cnap/identity/v1/user_service_pb.ts';
import { WorkspaceOwnerService } from '../gen/cnap/identity/v1/workspace_owner_service_pb.ts';
import { WorkspaceService } from '../gen/cnap/identity/v1/workspace_service_pb.ts';
import { DeadLetterService } from '../gen/cnap/operations/v1/dead_letter_service_pb.ts';

/** The RPC services of identity, the dead letters among them. */
export const identityServices: readonly DescService[] = [
  AuditEntryService,
  CallerService,
  InvitationService,
  MemberService,
  TokenService,
  UserProvisioningService,
  UserService,
  WorkspaceOwnerService,
  WorkspaceService,
  DeadLetterService,
];
