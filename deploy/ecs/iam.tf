# What ECS does on a task's behalf before it runs: fetch the image, read its secrets, write its log. One role per service, so
# that a scheduler's task is not handed a worker's files.

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${var.region}:${local.account_id}:*"]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  for_each = local.files

  statement {
    sid       = "SignInToTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "FetchTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = var.image_repository_arns
  }

  statement {
    sid       = "WriteTheLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.muster.arn}:*"]
  }

  # An ARN names the one service or the other; a statement without resources would be refused.
  dynamic "statement" {
    for_each = length([for arn in values(each.value) : arn if strcontains(arn, ":secretsmanager:")]) == 0 ? [] : [1]
    content {
      sid     = "ReadSecrets"
      actions = ["secretsmanager:GetSecretValue"]
      # Without a key or version that may stand behind the secret's name.
      resources = distinct([for arn in values(each.value) : join(":", slice(split(":", arn), 0, 7)) if strcontains(arn, ":secretsmanager:")])
    }
  }

  dynamic "statement" {
    for_each = length([for arn in values(each.value) : arn if strcontains(arn, ":ssm:")]) == 0 ? [] : [1]
    content {
      sid       = "ReadParameters"
      actions   = ["ssm:GetParameters"]
      resources = distinct([for arn in values(each.value) : arn if strcontains(arn, ":ssm:")])
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) == 0 ? [] : [1]
    content {
      sid       = "Decrypt"
      actions   = ["kms:Decrypt"]
      resources = var.kms_key_arns
    }
  }
}

resource "aws_iam_role" "execution" {
  for_each = local.files

  name               = "${var.name}-${each.key}-execution"
  description        = "Starts tasks of Muster"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.files

  name   = "muster"
  role   = aws_iam_role.execution[each.key].id
  policy = data.aws_iam_policy_document.execution[each.key].json
}

# The discovery role: workers alone have it.
resource "aws_iam_role" "worker" {
  count = var.worker_role_arn == null ? 1 : 0

  name               = var.worker_role_name
  description        = "Workers of Muster"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "worker" {
  count = var.worker_role_arn == null ? 1 : 0

  name   = "muster"
  role   = aws_iam_role.worker[0].id
  policy = var.worker_policy
}
