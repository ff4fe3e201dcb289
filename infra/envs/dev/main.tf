module "platform" {
  source = "../../modules/platform"

  deployment  = var.deployment
  environment = "dev"
  sizes = {
    redis    = { tier = "BASIC", memory_gb = 1 }
    ingest   = { min = 0, max = 2 }
    check    = { min = 0, max = 2 }
    deliver  = { min = 0, max = 2 }
    analysis = { min = 0, max = 2 }
    api      = { min = 0, max = 2 }
  }
  deletion_protection = false
}

output "platform" {
  value = module.platform
}
