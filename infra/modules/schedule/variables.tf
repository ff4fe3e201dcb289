variable "deployment" {
  type = object({ project_id = string, region = string })
}

variable "name" { type = string }

variable "schedule" {
  description = "When it runs, as cron says it, in UTC."
  type        = string
}

variable "url" {
  description = "Of the function that is called."
  type        = string
}

variable "account_email" {
  description = "The account it calls as, which the function must let in."
  type        = string
}

variable "attempt_deadline_seconds" {
  description = "How long an answer may take, 15 to 1800. No run begins while one is under way."
  type        = number
}

variable "retries" {
  description = "How often a run that fails is tried again."
  type        = number
}
