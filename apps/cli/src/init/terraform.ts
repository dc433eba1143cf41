import {
  NO_INSTANCE,
  organizationActions,
  READ_ACTIONS,
  READ_SETTING,
  settingArn,
  tagConditions,
} from './iam-policies.ts';
import { hasOwnDocument, type InitSettings } from './settings.ts';

/**
 * The same roles as the CloudFormation templates, for those who keep their accounts in Terraform: `discovery` once, and
 * `member` once per account, or `organization` once, which hands the CloudFormation template to a StackSet.
 */

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
${list(organizationActions(settings))}
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
${tagBlocks(settings)}  }
${probeBlock(settings)}${optionalBlocks(settings)}}

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

function tagBlocks(settings: InitSettings): string {
  return Object.entries(tagConditions(settings))
    .map(
      ([key, values]) => `
    condition {
      test     = "StringLike"
      variable = ${JSON.stringify(key)}
      values   = [${values.map((value) => JSON.stringify(value)).join(', ')}]
    }
`,
    )
    .join('');
}

function probeBlock({ partition, tags }: InitSettings): string {
  if (tags.size === 0) return '';
  return `
  # muster doctor asks with an id that EC2 never gives: it has no tags, and nothing can run on it.
  statement {
    sid       = "AskWithNoInstance"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${partition}:ec2:*:\${local.account}:instance/${NO_INSTANCE}"]
  }
`;
}

function optionalBlocks({ partition, optionalActions }: InitSettings): string {
  const anywhere = optionalActions.filter((action) => action !== READ_SETTING);
  return [
    ...(anywhere.length === 0
      ? []
      : [
          `
  statement {
    sid = "Optional"
    actions = [
${list(anywhere)}
    ]
    resources = ["*"]
  }
`,
        ]),
    ...(optionalActions.includes(READ_SETTING)
      ? [
          `
  statement {
    sid       = "ReadHostManagement"
    actions   = ["${READ_SETTING}"]
    resources = ["${settingArn(partition, '${local.account}')}"]
  }
`,
        ]
      : []),
  ].join('');
}

function list(texts: readonly string[]): string {
  return texts.map((text) => `      "${text}",`).join('\n');
}

/** What every one of the Terraform files begins with. */
export const VERSIONS = `terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
`;

/** The variable that names the account of the discovery role; it has a default when the account is known. */
export function discoveryAccountVariable(settings: InitSettings): string {
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
