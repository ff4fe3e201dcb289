variable "deployment" {
  type = object({ project_id = string, project_number = string })
}

variable "name" {
  description = "Of the topic. Its dead letters are in <name>-dead-letter."
  type        = string
}

variable "subscription" {
  description = "Name of the subscription that pushes."
  type        = string
}

variable "url" {
  description = "Of the function that messages are pushed to."
  type        = string
}

variable "notification_channels" {
  description = "Who is told of dead letters: names of channels of Cloud Monitoring."
  type        = list(string)
}
