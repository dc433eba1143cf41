import { HOST_MANAGEMENT_SETTING } from '@muster/core/organization/host-management';
import type { Partition } from '../settings.ts';
import { ROLE_NAME, ROLE_POLICY } from './cloudformation.ts';
import { type LackingTarget, regionsByAccount } from './targets.ts';

/** The same for those who keep their accounts in Terraform: one apply per account switches all its regions on. */
export function hostManagementTerraform(targets: readonly LackingTarget[], partition: Partition): string {
  const accounts = [...regionsByAccount(targets)].map(
    ([accountId, those]) => `    "${accountId}" = [${those.map(({ region }) => `"${region}"`).join(', ')}]`,
  );
  return `# Once per account of the list below, with credentials of that account; also as a module of your own accounts' code.
terraform {
  required_version = ">= 1.5"
  required_providers {
    # Version 6 is the first that takes a region per resource.
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "create_role" {
  type        = bool
  default     = true
  description = "False where the account has the role ${ROLE_NAME} already: another of its regions is switched on."
}

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  # Regions of each account that lacked Default Host Management Configuration.
  regions = {
${accounts.join('\n')}
  }
}

resource "aws_iam_role" "host_management" {
  count       = var.create_role ? 1 : 0
  name        = "${ROLE_NAME}"
  path        = "/service-role/"
  description = "Default Host Management Configuration of Systems Manager"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SystemsManager"
      Effect    = "Allow"
      Principal = { Service = "ssm.amazonaws.com" }
      Action    = ["sts:AssumeRole"]
    }]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_iam_role_policy_attachment" "host_management" {
  count      = var.create_role ? 1 : 0
  role       = aws_iam_role.host_management[0].name
  policy_arn = "arn:${partition}:iam::aws:policy/${ROLE_POLICY}"
}

resource "aws_ssm_service_setting" "host_management" {
  for_each      = toset(lookup(local.regions, local.account, []))
  region        = each.value
  setting_id    = "arn:${partition}:ssm:\${each.value}:\${local.account}:servicesetting${HOST_MANAGEMENT_SETTING}"
  setting_value = "service-role/${ROLE_NAME}"

  depends_on = [aws_iam_role_policy_attachment.host_management]

  # A region that is taken from the list would be switched off, and its agents cut off.
  lifecycle {
    prevent_destroy = true
  }
}
`;
}
