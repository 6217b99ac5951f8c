# Holdfast by Terraform: docs/deploying.md. `npm install` in this folder brings the Worker that is uploaded.
terraform {
  required_version = ">= 1.5"
  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.11"
    }
  }
}

variable "account_id" {
  type = string
}

variable "zone_id" {
  type = string
}

variable "host" {
  type        = string
  description = "The host that visitors use, such as www.example.com."
}

variable "origins" {
  type        = list(string)
  description = "Where requests go, in order of preference."
}

variable "token" {
  type        = string
  sensitive   = true
  description = "The operators' secret, at least 16 visible ASCII characters."
}

variable "creates_object" {
  type        = bool
  default     = false
  description = "true for the first apply alone: it creates the class of the Durable Object."
}

locals {
  folder = "${path.module}/node_modules/holdfast/worker"
  types = {
    js   = "application/javascript+module"
    wasm = "application/wasm"
    bin  = "application/octet-stream"
  }
  # What files to upload, each with its type.
  modules = [
    for name in sort(fileset(local.folder, "*.{js,wasm,bin}")) : {
      name         = name
      content_file = "${local.folder}/${name}"
      content_type = local.types[reverse(split(".", name))[0]]
    }
  ]
  # HOLDFAST, as docs/configuration.md has it.
  settings = {
    origins = var.origins
    probe   = { path = "/", host = var.host }
    page    = {}
  }
}

resource "cloudflare_workers_kv_namespace" "keep" {
  account_id = var.account_id
  title      = "holdfast-keep"
}

resource "cloudflare_worker" "holdfast" {
  account_id    = var.account_id
  name          = "holdfast"
  observability = { enabled = true }
}

resource "cloudflare_worker_version" "holdfast" {
  account_id          = var.account_id
  worker_id           = cloudflare_worker.holdfast.id
  compatibility_date  = "2026-11-17"
  compatibility_flags = ["no_nodejs_compat", "no_nodejs_compat_v2"]
  main_module         = "index.js"
  modules             = local.modules
  migrations          = var.creates_object ? { new_tag = "v1", new_sqlite_classes = ["OriginHealth"] } : null
  bindings = [
    { name = "HOLDFAST", type = "json", json = jsonencode(local.settings) },
    { name = "HOLDFAST_TOKEN", type = "secret_text", text = var.token },
    { name = "HOLDFAST_KEEP", type = "kv_namespace", namespace_id = cloudflare_workers_kv_namespace.keep.id },
    { name = "HOLDFAST_HEALTH", type = "durable_object_namespace", class_name = "OriginHealth" },
    { name = "HOLDFAST_VERSION", type = "version_metadata" },
  ]
}

resource "cloudflare_workers_deployment" "holdfast" {
  account_id  = var.account_id
  script_name = cloudflare_worker.holdfast.name
  strategy    = "percentage"
  versions    = [{ version_id = cloudflare_worker_version.holdfast.id, percentage = 100 }]
}

resource "cloudflare_workers_cron_trigger" "probes" {
  account_id  = var.account_id
  script_name = cloudflare_worker.holdfast.name
  schedules   = [{ cron = "* * * * *" }]
  depends_on  = [cloudflare_workers_deployment.holdfast]
}

resource "cloudflare_workers_route" "holdfast" {
  zone_id    = var.zone_id
  pattern    = "${var.host}/*"
  script     = cloudflare_worker.holdfast.name
  depends_on = [cloudflare_workers_deployment.holdfast]
}
