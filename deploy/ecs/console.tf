# The console behind an internal load balancer that speaks HTTPS. Who may come in is Muster's configuration: with an address
# that others reach and no way to sign in, a scheduler ends with 78.

resource "aws_security_group" "console" {
  count = var.console == null ? 0 : 1

  name        = "${var.name}-console"
  description = "Load balancer of the console of Muster"
  vpc_id      = var.vpc_id
  tags        = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "console" {
  for_each = toset(var.console == null ? [] : var.console.allowed_cidrs)

  security_group_id = aws_security_group.console[0].id
  description       = "Browsers and the command line"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "console" {
  count = var.console == null ? 0 : 1

  security_group_id            = aws_security_group.console[0].id
  description                  = "Schedulers"
  referenced_security_group_id = aws_security_group.scheduler.id
  ip_protocol                  = "tcp"
  from_port                    = module.scheduler.port
  to_port                      = module.scheduler.port
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "scheduler" {
  count = var.console == null ? 0 : 1

  security_group_id            = aws_security_group.scheduler.id
  description                  = "Load balancer of the console"
  referenced_security_group_id = aws_security_group.console[0].id
  ip_protocol                  = "tcp"
  from_port                    = module.scheduler.port
  to_port                      = module.scheduler.port
  tags                         = local.tags
}

resource "aws_lb" "console" {
  count = var.console == null ? 0 : 1

  name               = "${var.name}-console"
  internal           = true
  load_balancer_type = "application"
  subnets            = var.console.subnet_ids
  security_groups    = [aws_security_group.console[0].id]
  # Pages listen to a stream of changes, which is silent at times.
  idle_timeout               = 300
  drop_invalid_header_fields = true
  tags                       = local.tags
}

resource "aws_lb_target_group" "console" {
  count = var.console == null ? 0 : 1

  name                 = "${var.name}-console"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = module.scheduler.port
  deregistration_delay = 30
  tags                 = local.tags

  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "console" {
  count = var.console == null ? 0 : 1

  load_balancer_arn = aws_lb.console[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.console.certificate_arn
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.console[0].arn
  }
}
