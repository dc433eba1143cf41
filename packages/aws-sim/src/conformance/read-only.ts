/**
 * Which operations only look. The check of a real account sends these and no others; a test holds the two lists together to
 * the operations that there are.
 */
export const READ_ONLY_APIS = [
  'sts:GetCallerIdentity',
  'organizations:DescribeOrganization',
  'organizations:ListAccounts',
  'organizations:ListRoots',
  'organizations:ListAccountsForParent',
  'organizations:ListOrganizationalUnitsForParent',
  'organizations:ListChildren',
  'organizations:ListParents',
  'organizations:DescribeAccount',
  'organizations:DescribeOrganizationalUnit',
  'organizations:ListDelegatedAdministrators',
  'organizations:ListTagsForResource',
  'account:ListRegions',
  'account:GetRegionOptStatus',
  'ec2:DescribeInstances',
  'ec2:DescribeRegions',
  'ssm:DescribeInstanceInformation',
  'ssm:ListCommandInvocations',
  'ssm:ListCommands',
  'ssm:GetCommandInvocation',
  'ssm:DescribeDocument',
  'ssm:GetDocument',
  'ssm:GetServiceSetting',
] as const;

/** What changes something, or lets its caller change something: a session of another role. */
export const OTHER_APIS = [
  'sts:AssumeRole',
  'ssm:SendCommand',
  'ssm:CancelCommand',
  'ssm:CreateDocument',
  'ssm:UpdateServiceSetting',
  'ssm:ResetServiceSetting',
] as const;
