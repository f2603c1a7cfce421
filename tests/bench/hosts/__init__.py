"""Run the hosts that are measured, each in a process of its own.

django-allauth's runs in a virtual environment without jitprov, so only ``with_jitprov`` may import it.
"""
