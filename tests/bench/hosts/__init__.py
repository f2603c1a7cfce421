"""The side of the hosts: what runs in the processes that are measured.

django-allauth's runs in a virtual environment without jitprov, so only ``with_jitprov`` and ``alone`` import it.
"""
