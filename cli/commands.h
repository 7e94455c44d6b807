/* The commands. Each gets argv with its own name first, and returns an exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int command_send(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_sendmail(int argc, char **argv);
int command_vrfy(int argc, char **argv);
int command_expn(int argc, char **argv);
int command_help(int argc, char **argv);

/* Prints the version on stdout. */
int command_version(void);

#endif
