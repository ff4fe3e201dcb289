terraform {
  required_version = ">= 1.9"

  # The bucket is named at `terraform init`; the state in it holds the password of Redis.
  backend "gcs" {
    prefix = "agentworks-observability"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "8.1.0"
    }
  }
}

provider "google" {
  project = var.deployment.project_id
  region  = var.deployment.region
}
