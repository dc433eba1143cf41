import { hasOwnDocument, type InitSettings } from './settings.ts';
import { discoveryAccountVariable, VERSIONS } from './terraform.ts';

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
