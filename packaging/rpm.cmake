# The RPM package. It needs the libraries of the distribution it was built on: build it there.
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_RPM_PACKAGE_GROUP Unspecified)
set(CPACK_RPM_PACKAGE_REQUIRES "libcurl.so.4()(64bit)")  # loaded when it is needed, which rpm does not see
set(rpm ${CMAKE_CURRENT_LIST_DIR}/rpm)
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${rpm}/post)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${rpm}/preun)
set(CPACK_RPM_POST_UNINSTALL_SCRIPT_FILE ${rpm}/postun)
# Directories that belong to others.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /etc /usr/bin /usr/sbin /usr/lib/systemd
    /usr/lib/systemd/system /usr/lib/sysusers.d /usr/share/bash-completion
    /usr/share/bash-completion/completions /usr/share/fish /usr/share/fish/vendor_completions.d
    /usr/share/zsh /usr/share/zsh/vendor-completions /usr/share/man /usr/share/man/man1 /usr/share/man/man5
    /usr/share/man/man7 /usr/share/man/man8)
# The same bytes whenever and wherever it is built: of the time only SOURCE_DATE_EPOCH, of the machine nothing.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost localhost
%define _build_id_links none")
