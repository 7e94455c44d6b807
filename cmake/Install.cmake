# What other projects build against: find_package(wsmtp [COMPONENTS uv]) and pkg-config.
#
#   wsmtp::wsmtp   the engine: needs nothing        wsmtp.pc
#   wsmtp::uv      the clients on libuv and OpenSSL  wsmtp-uv.pc
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/wsmtp)

set_target_properties(wsmtp PROPERTIES EXPORT_NAME wsmtp)
install(TARGETS wsmtp EXPORT wsmtpTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT wsmtpTargets NAMESPACE wsmtp:: DESTINATION ${package})
install(DIRECTORY include/wsmtp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
configure_file(cmake/wsmtp.pc.in wsmtp.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wsmtp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(WSMTP_UV)
    set_target_properties(wsmtp_uv PROPERTIES EXPORT_NAME uv)
    install(TARGETS wsmtp_uv EXPORT wsmtpUvTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(EXPORT wsmtpUvTargets NAMESPACE wsmtp:: DESTINATION ${package})
    install(FILES adapters/uv/wsmtp_uv.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    set(WSMTP_PC_IDN2)
    if(WSMTP_IDNA)
        set(WSMTP_PC_IDN2 ", libidn2 >= 2.3")
    endif()
    configure_file(cmake/wsmtp-uv.pc.in wsmtp-uv.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wsmtp-uv.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

configure_package_config_file(cmake/wsmtpConfig.cmake.in wsmtpConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(wsmtpConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wsmtpConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/wsmtpConfigVersion.cmake
    DESTINATION ${package})
