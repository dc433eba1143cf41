import type { InitSettings } from './settings.ts';

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
