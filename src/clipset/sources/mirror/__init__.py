"""A copy of Kinetics in tars on a web server (CVDF's), read member by member while it streams and never stored whole.

A tar holds clips of hundreds of videos, so a mirror is no `types.Source` that is asked for one video: `clipset.sweep`
goes through its tars. Import the parts from their modules.
"""
