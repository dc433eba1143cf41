import { ORGANIZATION_ACTIONS, READ_ACTIONS } from './iam-policies.ts';
import { hasOwnDocument, type InitSettings } from './settings.ts';

/**
 * The same roles as the CloudFormation templates, for those who keep their accounts in Terraform: `discovery` once, and
 * `member` once per account, or `organization` once, which hands the CloudFormation template to a StackSet.
 */

const VERSIONS = `terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
`;

/** The role that workers run as, with its instance profile. */
export function discoveryTerraform(settings: InitSettings): string {
  const { partition, memberRole, discoveryRole, organizationId } = settings;
  const ec2 = partition === 'aws-cn' ? 'ec2.amazonaws.com.cn' : 'ec2.amazonaws.com';
  return `# Once, in the account of Muster's workers.
${VERSIONS}
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "InstancesOfWorkers"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${ec2}"]
    }
  }
}

data "aws_iam_policy_document" "discovery" {
  statement {
    sid = "SeeTheOrganization"
    actions = [
${list(ORGANIZATION_ACTIONS)}
    ]
    resources = ["*"]
  }

  statement {
    sid       = "BecomeTheMemberRole"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:${partition}:iam::*:role${memberRole.path}${memberRole.name}"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceOrgID"
      values   = ["${organizationId}"]
    }
  }
}

resource "aws_iam_role" "discovery" {
  name               = "${discoveryRole}"
  description        = "Workers of Muster"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "discovery" {
  name   = "muster"
  role   = aws_iam_role.discovery.id
  policy = data.aws_iam_policy_document.discovery.json
}

resource "aws_iam_instance_profile" "discovery" {
  name = aws_iam_role.discovery.name
  role = aws_iam_role.discovery.name
}
`;
}

/** The member role of one account. */
export function memberTerraform(settings: InitSettings): string {
  const { partition, memberRole, documentName, discoveryRole, organizationId, externalId } = settings;
  const document = hasOwnDocument(settings)
    ? `arn:${partition}:ssm:*:\${local.account}:document/${documentName}`
    : `arn:${partition}:ssm:*::document/${documentName}`;
  return `# Once per account, the management account included; also as a module of your own accounts' code.
${VERSIONS}
${discoveryAccountVariable(settings)}
data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "DiscoveryRoleOnly"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${partition}:iam::\${var.discovery_account_id}:root"]
    }

    # A role as principal is stored under its unique id: made anew, it would be locked out.
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:${partition}:iam::\${var.discovery_account_id}:role/${discoveryRole}"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = ["${organizationId}"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["${externalId}"]
    }
  }
}

data "aws_iam_policy_document" "member" {
  statement {
    sid = "Read"
    actions = [
${list(READ_ACTIONS)}
    ]
    resources = ["*"]
  }

  statement {
    sid       = "SendThisDocument"
    actions   = ["ssm:SendCommand"]
    resources = ["${document}"]
  }

  statement {
    sid       = "SendToInstances"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${partition}:ec2:*:\${local.account}:instance/*"]
  }
}

resource "aws_iam_role" "member" {
  name                 = "${memberRole.name}"
  path                 = "${memberRole.path}"
  description          = "Enrolls EC2 instances into Teleport (Muster)"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "member" {
  name   = "muster"
  role   = aws_iam_role.member.id
  policy = data.aws_iam_policy_document.member.json
}
`;
}

/** The member role everywhere, by StackSet, run with credentials of the management account in the home region. */
export function organizationTerraform(settings: InitSettings): string {
  const { homeRegion } = settings;
  return `# Once, with credentials of the management account. StackSets never reach that account: it gets a stack of its own.
${VERSIONS}
${discoveryAccountVariable(settings)}
provider "aws" {
  region = "${homeRegion}"
}

data "aws_organizations_organization" "current" {}

locals {
  member_role = file("\${path.module}/../../cloudformation/member-role.yaml")
}

resource "aws_cloudformation_stack_set" "member_role" {
  name             = "muster-member-role"
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = local.member_role
  parameters       = { DiscoveryAccountId = var.discovery_account_id }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  managed_execution {
    active = true
  }

  lifecycle {
    # Set by AWS for the service-managed model.
    ignore_changes = [administration_role_arn]
  }
}

resource "aws_cloudformation_stack_set_instance" "member_role" {
  stack_set_name            = aws_cloudformation_stack_set.member_role.name
  stack_set_instance_region = "${homeRegion}"

  deployment_targets {
    organizational_unit_ids = [data.aws_organizations_organization.current.roots[0].id]
  }

  # One account that cannot be reached stops no other.
  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }
}

resource "aws_cloudformation_stack" "management_account" {
  name          = "muster-member-role"
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  template_body = local.member_role
  parameters    = { DiscoveryAccountId = var.discovery_account_id }
}
${documentTerraform(settings)}`;
}

function documentTerraform(settings: InitSettings): string {
  if (!hasOwnDocument(settings)) return '';
  const { regions } = settings;
  const fallback =
    regions.length === 0 ? '' : `\n  default     = [${regions.map((region) => `"${region}"`).join(', ')}]`;
  return `
variable "document_regions" {
  type        = set(string)
  description = "Regions that get the SSM document."${fallback}
}

locals {
  document = file("\${path.module}/../../cloudformation/ssm-document.yaml")
}

resource "aws_cloudformation_stack_set" "document" {
  name             = "muster-ssm-document"
  permission_model = "SERVICE_MANAGED"
  template_body    = local.document

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  managed_execution {
    active = true
  }

  lifecycle {
    ignore_changes = [administration_role_arn]
  }
}

resource "aws_cloudformation_stack_set_instance" "document" {
  for_each                  = var.document_regions
  stack_set_name            = aws_cloudformation_stack_set.document.name
  stack_set_instance_region = each.value

  deployment_targets {
    organizational_unit_ids = [data.aws_organizations_organization.current.roots[0].id]
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }
}
`;
}

function discoveryAccountVariable(settings: InitSettings): string {
  const { discoveryAccount, discoveryRole } = settings;
  const fallback = discoveryAccount === null ? '' : `\n  default     = "${discoveryAccount}"`;
  return `variable "discovery_account_id" {
  type        = string
  description = "Account of the role ${discoveryRole}, as which Muster's workers run."${fallback}

  validation {
    condition     = can(regex("^[0-9]{12}$", var.discovery_account_id))
    error_message = "An AWS account id has 12 digits."
  }
}
`;
}

function list(texts: readonly string[]): string {
  return texts.map((text) => `      "${text}",`).join('\n');
}
