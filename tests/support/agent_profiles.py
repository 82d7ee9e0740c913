"""The settings that send each real agent to the scripted model on this machine."""

from __future__ import annotations

import json

from tests.support.model_server import Model


def profile(name: str, model: Model, more: str = "") -> str:
    """The settings that send an agent to the model on this machine."""
    key = "good-key"
    local = {
        "name": "local",
        "base_url": f"{model.url}/v1",
        "env_key": "LOCAL_KEY",
        "wire_api": "responses",
        "request_max_retries": 2,
        "stream_max_retries": 2,
    }
    table = ", ".join(f"{field} = {json.dumps(value)}" for field, value in local.items())
    where = f"model_providers.local={{{table}}}"
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{model.url}/v1", "apiKey": key},
        "models": {"scripted": {}},
    }
    opencode = json.dumps({"provider": {"local": provider}})
    text = {
        "claude": f'env = {{ ANTHROPIC_BASE_URL = "{model.url}", ANTHROPIC_API_KEY = "{key}" }}',
        "codex": (
            f'model = "gpt-5"\npermission = "all"\nenv = {{ LOCAL_KEY = "{key}" }}\n'
            f"flags = {json.dumps(['-c', 'model_provider=local', '-c', where])}"
        ),
        "gemini": (
            'permission = "all"\nmodel = "gemini-2.5-pro"\n'
            f'env = {{ GOOGLE_GEMINI_BASE_URL = "{model.url}", GEMINI_API_KEY = "{key}" }}'
        ),
        "aider": (
            'model = "openai/scripted"\n'
            f'flags = ["--openai-api-base", "{model.url}/v1", "--edit-format", "whole"]\n'
            f'env = {{ OPENAI_API_KEY = "{key}" }}'
        ),
        "opencode": (
            f'model = "local/scripted"\nenv = {{ OPENCODE_CONFIG_CONTENT = {json.dumps(opencode)} }}'
        ),
        "qwen": (
            'permission = "all"\nmodel = "scripted"\nflags = ["--auth-type", "openai"]\n'
            f'env = {{ OPENAI_BASE_URL = "{model.url}/v1", OPENAI_API_KEY = "{key}" }}'
        ),
    }[name]
    return f'agent = "{name}"\ngrace = "5s"\n[agents.{name}]\n{text}\n{more}\n'
